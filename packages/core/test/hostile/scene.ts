import { isDeepStrictEqual } from 'node:util'
import type { UsageOptions } from '../../src/configuration.ts'
import type { Reason } from '../../src/types.ts'
import { type Client, readAll } from './clients.ts'
import { markedRequest } from './markers.ts'

/** One exchange, made anew for each time that it is played: bare, and wrapped. */
export interface Scene {
  /** May return, or throw, anything at all. */
  handler(request: Request): unknown
  /** Default: a chat request with a marker in every private place. */
  request?: () => Request
  options?: Partial<UsageOptions>
  /** How the client reads. Default: chunk by chunk to the end. */
  client?: Client
  /** What the handler's side was told, a cancel's reason for instance: it must be told the same. */
  told?: unknown[]
  /** The client neither reads to the end nor leaves: the request stays open until the recorder closes. */
  staysOpen?: true
}

/** Something that a hostile, or careless, handler, client or provider does. */
export interface HostileInput {
  name: string
  scene(): Scene
  /**
   * What the account must say: a reason, or the input and output counts of each record. Left out where only the law
   * says what is right.
   */
  tells?: Reason | readonly (readonly [inputTokens: number | null, outputTokens: number | null])[]
}

/** Everything that a client can see of an exchange. */
type Seen =
  | { kind: 'threw' | 'value'; value: unknown; told: unknown[] }
  | { kind: 'response'; head: unknown; body: unknown[]; told: unknown[] }

/** Plays a scene's client against a handler. */
export async function observe(scene: Scene, serve: (request: Request) => unknown): Promise<Seen> {
  const { request = markedRequest, client = readAll, told = [] } = scene
  let answer: unknown
  try {
    answer = await serve(request())
  } catch (error) {
    return { kind: 'threw', value: error, told }
  }
  if (!(answer instanceof Response)) return { kind: 'value', value: answer, told }
  return { kind: 'response', head: headOf(answer), body: await client(answer), told }
}

function headOf(response: Response): unknown {
  const { status, statusText, ok, type, redirected } = response
  try {
    return {
      status,
      statusText,
      headers: [...response.headers],
      ok,
      type,
      redirected,
      bodyless: response.body === null,
    }
  } catch (error) {
    return { status, statusText, headers: error, ok, type, redirected }
  }
}

/** What the client noticed of us, `null` when nothing. */
export function difference(bare: Seen, wrapped: Seen): string | null {
  if (bare.kind === 'response' || wrapped.kind === 'response') {
    return isDeepStrictEqual(bare, wrapped) ? null : `${brief(bare)} became ${brief(wrapped)}`
  }
  const told = isDeepStrictEqual(bare.told, wrapped.told)
  const same = told && bare.kind === wrapped.kind && isSameValue(bare.value, wrapped.value)
  return same ? null : `${brief(bare)} became ${brief(wrapped)}`
}

/** Scenes that are played with a value of their own each time give equal ones. */
function isSameValue(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || isDeepStrictEqual(one, other)
}

function brief(seen: Seen): string {
  try {
    return JSON.stringify(seen)?.slice(0, 600) ?? seen.kind
  } catch {
    return seen.kind
  }
}
