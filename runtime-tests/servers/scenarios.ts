import { createRecorder, memoryStore, type Recorder } from '@withusage/core'
import { type ScenarioServer, scenarioServer } from '@withusage/testing/scenarios'

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

type Serve<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>

/** Bare under `/bare`, metered under `/metered`, the books under `/control`. */
export function mounted<Rest extends readonly unknown[]>(
  { scenario, control }: ScenarioServer,
  metered: Serve<Rest>,
): Serve<Rest> {
  return (request, ...rest) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/bare/')) return scenario(request)
    if (pathname.startsWith('/metered/')) return metered(request, ...rest)
    return control(request)
  }
}
