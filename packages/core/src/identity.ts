import { cleanText, TEXT_LIMITS } from './text.ts'
import { unref } from './timers.ts'
import type { FallbackUser, Identity } from './types.ts'

/** The identity fields of a record. */
export interface RecordedIdentity {
  userId: string
  userName: string | null
  source: string
  apiKeyId: string | null
  apiKeyName: string | null
  projectId: string | null
  tags: Record<string, string>
}

/** The user of a server that knows no users: always `{ id: 'local' }`. */
export function localUser(): FallbackUser {
  return { id: 'local', name: 'local' }
}

/**
 * The identity as it is recorded, or `null` when it names no user.
 *
 * @param onCut called for every value that was longer than its limit, and every tag past the limit
 */
export function recordedIdentity(identity: Identity | null | undefined, onCut: () => void): RecordedIdentity | null {
  const userId = cleanText(identity?.user?.id, TEXT_LIMITS.id, onCut)
  if (!identity || userId === null) return null
  return {
    userId,
    userName: cleanText(identity.user.name, TEXT_LIMITS.name, onCut),
    source: cleanText(identity.source, TEXT_LIMITS.word, onCut) ?? 'web',
    apiKeyId: cleanText(identity.apiKey?.id, TEXT_LIMITS.id, onCut),
    apiKeyName: cleanText(identity.apiKey?.name, TEXT_LIMITS.name, onCut),
    projectId: cleanText(identity.project?.id, TEXT_LIMITS.id, onCut),
    tags: cleanTags(identity.tags, onCut),
  }
}

/** Tags within their limits. Past the limit the first ones stay. */
export function cleanTags(tags: Record<string, string> | undefined, onCut: () => void): Record<string, string> {
  const cleaned: [string, string][] = []
  for (const [name, value] of Object.entries(tags ?? {})) {
    if (cleaned.length === TEXT_LIMITS.tags) {
      onCut()
      break
    }
    const key = cleanText(name, TEXT_LIMITS.tagKey, onCut)
    const text = cleanText(value, TEXT_LIMITS.tagValue, onCut)
    if (key !== null && text !== null) cleaned.push([key, text])
  }
  return Object.fromEntries(cleaned)
}

/**
 * Whatever `identify` gives, within `timeoutMs`. Synchronous answers come back synchronously, so that the common case
 * costs no turn of the event loop.
 */
export function askIdentity(
  identify: () => Identity | null | undefined | Promise<Identity | null | undefined>,
  timeoutMs: number,
): Identity | null | undefined | Promise<Identity | null | undefined> {
  const answer = identify()
  if (!isPromiseLike(answer)) return answer
  return withTimeout(answer, timeoutMs)
}

async function withTimeout<T>(answer: PromiseLike<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    unref(timer)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}
