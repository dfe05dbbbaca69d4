import { createRecorder, memoryStore, type Recorder } from '@withusage/core'
import { type ScenarioServer, scenarioServer } from '@withusage/testing/scenarios'
import { compressing } from './compressing.ts'

/** The scenarios of `testAdapter` with books of their own, for a server of one process. */
export interface Scenarios extends ScenarioServer {
  /** For the `withUsage` of the adapter under test. */
  options: { recorder: Recorder; onError(error: unknown): void }
}

export function scenarios(): Scenarios {
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const store = memoryStore()
  const recorder = createRecorder({ store, onError })
  return { ...scenarioServer({ recorder, store, errors }), options: { recorder, onError } }
}

export type Serve<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>

/**
 * The scenarios bare under `/bare` and metered under `/metered`, both also with a compression around them, or between
 * metering and the handler; the books under `/control`.
 */
export function mounted<Rest extends readonly unknown[]>(
  { scenario, control }: ScenarioServer,
  meter: (serve: ScenarioServer['scenario']) => Serve<Rest>,
): Serve<Rest> {
  const bare: Serve<Rest> = (request, ..._rest) => scenario(request)
  const metered = meter(scenario)
  const mounts: Record<string, Serve<Rest>> = {
    bare,
    metered,
    'compressed-bare': compressing(bare),
    'compressed-before': compressing(metered),
    'compressed-after': meter(compressing(scenario)),
  }
  return (request, ...rest) => {
    const [, base = ''] = new URL(request.url).pathname.split('/')
    const serve = mounts[base]
    return serve ? serve(request, ...rest) : control(request)
  }
}
