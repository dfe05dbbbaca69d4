import { createRecorder, memoryStore, type Recorder, type UsageOptions } from '@withusage/core'
import { IDLE_TIMEOUT_MS, type ScenarioServer, scenarioServer } from '@withusage/testing/scenarios'
import { compressing } from './compressing.ts'

/** For the `withUsage` of the adapter under test. */
interface Options extends Pick<UsageOptions, 'idleTimeoutMs' | 'onDisconnect'> {
  recorder: Recorder
  onError(error: unknown): void
}

/** The scenarios of `testAdapter` and `testDisconnect` with books of their own, for a server of one process. */
export interface Scenarios extends ScenarioServer {
  options: Options
  /** Those of what is mounted under `/impatient`. */
  impatient: Options
  /** Those of what is mounted under `/draining`. */
  draining: Options
}

export function scenarios(): Scenarios {
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const store = memoryStore()
  const recorder = createRecorder({ store, onError })
  const options = { recorder, onError }
  return {
    ...scenarioServer({ recorder, store, errors }),
    options,
    impatient: { ...options, idleTimeoutMs: IDLE_TIMEOUT_MS },
    draining: { ...options, onDisconnect: 'drain' },
  }
}

export type Serve<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>

/**
 * The scenarios bare under `/bare` and metered under `/metered`, both also with a compression around them, or between
 * metering and the handler; metered with a short idle
 * timeout under `/impatient`, and with a drain under `/draining`; the books under `/control`.
 */
export function mounted<Rest extends readonly unknown[]>(
  { scenario, control, options, impatient, draining }: Scenarios,
  meter: (serve: ScenarioServer['scenario'], options: Options) => Serve<Rest>,
): Serve<Rest> {
  const bare: Serve<Rest> = (request, ..._rest) => scenario(request)
  const metered = meter(scenario, options)
  const mounts: Record<string, Serve<Rest>> = {
    bare,
    metered,
    impatient: meter(scenario, impatient),
    draining: meter(scenario, draining),
    'compressed-bare': compressing(bare),
    'compressed-before': compressing(metered),
    'compressed-after': meter(compressing(scenario), options),
  }
  return (request, ...rest) => {
    const [, base = ''] = new URL(request.url).pathname.split('/')
    const serve = mounts[base]
    return serve ? serve(request, ...rest) : control(request)
  }
}
