import type { IgnoredReason, Outcome, TokenUsage, UnrecordedReason } from '@withusage/core'
import type { ApiKey } from '../keys.ts'

/** The counts that an SDK tells its caller, in the words of a usage record: totals that include their parts. */
export type Counts = Pick<TokenUsage, (typeof COUNTS)[number]>

export const COUNTS = [
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const

/** What the client itself learned from its call. */
export interface Told {
  model: string
  counts: Counts
}

/** How the server must account for a call. */
export type Expectation =
  | { account: 'recorded'; outcome: Outcome }
  | { account: 'unrecorded'; reason: UnrecordedReason }
  | { account: 'ignored'; reason: IgnoredReason }

export interface Connection {
  /** Of our server. */
  url: string
  /** The user's key. */
  secret: string
  /** Sent as `x-correlation-id`: by it, the record of the call is found. */
  correlationId: string
}

/** One request of one user, made with an official client. */
export interface Call {
  /** For people: `'openai chat, streamed'`. */
  name: string
  endpoint: string
  /** The answer comes as a stream of events. */
  streamed: boolean
  key: ApiKey | null
  expect: Expectation
  /** @returns what the client was told, `null` when it was told no counts */
  send(connection: Connection): Promise<Told | null>
}

export interface SentCall extends Omit<Call, 'send'> {
  correlationId: string
  told: Told | null
}

/** Model names by use; what the upstream does not serve is left out. */
export interface Models {
  openai?: string
  openaiEmbedding?: string
  anthropic?: string
  ollama?: string
  ollamaEmbedding?: string
}

export const complete: Expectation = { account: 'recorded', outcome: 'complete' }
export const noUsage: Expectation = { account: 'unrecorded', reason: 'no_usage' }
export const clientError: Expectation = { account: 'ignored', reason: 'status_4xx' }
export const serverError: Expectation = { account: 'ignored', reason: 'status_5xx' }

/** Unknown until told: a count that is not in `known` stays `null`. */
export function counts(known: { [name in keyof Counts]?: number | null | undefined }): Counts {
  return Object.fromEntries(COUNTS.map((name) => [name, known[name] ?? null])) as unknown as Counts
}

/** Runs a request that must fail with `status`; that it succeeds, or fails otherwise, is an error. */
export async function failsWith(status: number, request: Promise<unknown>): Promise<null> {
  const seen = await request.then(() => 200, statusOf)
  if (seen !== status) throw new Error(`expected status ${status}, the client saw ${seen}`)
  return null
}

/** The OpenAI and Anthropic clients call it `status`, the Ollama client `status_code`. */
function statusOf(error: { status?: number; status_code?: number }): number {
  const status = error.status ?? error.status_code
  if (status === undefined) throw error
  return status
}
