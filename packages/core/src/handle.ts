import type { UsageHandle } from './context.ts'
import { UsageError } from './errors.ts'
import { copyIdentity } from './identity.ts'
import { isEvidence, mergeStamp, type UsageStamp } from './stamp.ts'
import type { Identity } from './types.ts'
import type { UpstreamCall } from './upstream.ts'

/** What a handler has said of its own request. */
export interface Statements {
  requestId: string
  stamp: UsageStamp | null
  /** Further model calls, each a line of its own. */
  added: UsageStamp[]
  /** Model calls that a layer inside the request meters. */
  calls: UpstreamCall[]
  /** `undefined` while nobody has said anything. */
  identity: Identity | null | undefined
}

export interface HandleContext {
  isOpen(): boolean
  /** A stamp came too late and changed nothing. */
  onLate(): void
  /** A line past the limit was dropped. */
  onLimit(limit: number): void
}

/** Lines that one request may add; one past it is dropped and counted. */
const MAX_ADDED_LINES = 1_000
/** Calls of one request that are followed; one past it is dropped and counted. */
const MAX_CALLS = 1_000

/** True when the handler has said how many tokens were used. */
export function hasEvidence({ stamp, added }: Statements): boolean {
  return isEvidence(stamp) || added.length > 0
}

/** The handle through which a handler writes its statements. */
export function createHandle(statements: Statements, context: HandleContext): UsageHandle {
  return new Handle(statements, context)
}

/** Its functions are made when they are asked for, which most requests never do; they may be taken off the handle. */
class Handle implements UsageHandle {
  readonly requestId: string
  readonly #statements: Statements
  readonly #context: HandleContext

  constructor(statements: Statements, context: HandleContext) {
    this.requestId = statements.requestId
    this.#statements = statements
    this.#context = context
  }

  get open(): boolean {
    return this.#context.isOpen()
  }

  get stamp(): UsageHandle['stamp'] {
    return (stamp) =>
      this.#whileOpen((statements) => {
        statements.stamp = mergeStamp(statements.stamp, stamp)
      })
  }

  get add(): UsageHandle['add'] {
    return (line) => this.#whileOpen((statements) => addLine(statements, line, this.#context.onLimit))
  }

  get follow(): UsageHandle['follow'] {
    return (call, above) =>
      this.#whileOpen(({ calls }) => {
        if (calls.length >= MAX_CALLS) return this.#context.onLimit(MAX_CALLS)
        calls.push(call)
        above?.below?.push(call)
      })
  }

  get identify(): UsageHandle['identify'] {
    return (identity) =>
      this.#whileOpen((statements) => {
        statements.identity = copyIdentity(identity)
      })
  }

  #whileOpen(change: (statements: Statements) => void): void {
    if (this.open) change(this.#statements)
    else this.#context.onLate()
  }
}

function addLine({ added }: Statements, line: UsageStamp, onLimit: HandleContext['onLimit']): void {
  const checked = mergeStamp(null, line)
  if (!isEvidence(checked))
    throw new UsageError('bad-stamp', '[withusage] addUsage() needs inputTokens or outputTokens. Nothing was added.')
  if (added.length < MAX_ADDED_LINES) added.push(checked)
  else onLimit(MAX_ADDED_LINES)
}
