/** What the handler's side saw of one request. */
export interface Witness {
  /** The handler was called. */
  entered: boolean
  /** How often its body was asked for a chunk. */
  pulls: number
  /** Chunks that its body gave. */
  chunks: number
  /** Its body gave all it had. */
  finished: boolean
  cancelled: boolean
  /** What the body was cancelled with, as text; `null` while it was not. */
  reason: string | null
  /** Somebody read the request's body. */
  requestRead: boolean
}

/** One request of the suite, named by its `x-request-id`. */
export interface Run {
  witness: Witness
  request: Request | null
  /** Resolves when the suite lets the handler go on. */
  released: Promise<void>
  release(): void
}

/** On `globalThis`: a bundler may give each route its own copy of this module. */
const key = Symbol.for('withusage-testing/runs')

type Holder = { [key]?: Map<string, Run> }

/** The run of that name, made when it is first asked for: a release may come before its request. */
export function runOf(id: string): Run {
  const holder = globalThis as Holder
  holder[key] ??= new Map()
  const known = holder[key].get(id)
  if (known) return known
  const gate = Promise.withResolvers<void>()
  const run: Run = {
    witness: {
      entered: false,
      pulls: 0,
      chunks: 0,
      finished: false,
      cancelled: false,
      reason: null,
      requestRead: false,
    },
    request: null,
    released: gate.promise,
    release: gate.resolve,
  }
  holder[key].set(id, run)
  return run
}
