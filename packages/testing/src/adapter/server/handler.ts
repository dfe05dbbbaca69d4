import type { Run } from './run.ts'

/** Answers one request of the suite. */
type Handler = (request: Request, run: Run) => Response | Promise<Response>

/** Handlers by the name that stands in the path: `/<base>/<name>/v1/chat/completions`. */
export type Handlers = Readonly<Record<string, Handler>>
