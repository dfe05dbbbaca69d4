import { cleanText, TEXT_LIMITS } from './text.ts'
import type { FallbackUser, Identity } from './types.ts'

/** The identity fields of a record. */
export interface RecordedIdentity {
  userId: string
  userName: string | null
  source: string
  apiKeyId: string | null
  apiKeyName: string | null
  projectId: string | null
}

/** The user of a server that knows no users: always `{ id: 'local', name: 'local' }`. */
export function localUser(): FallbackUser {
  return { id: 'local', name: 'local' }
}

/**
 * The identity as it is recorded, or `null` when it names no user.
 *
 * @param onCut called for every value that was longer than its limit
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
  }
}

/** A snapshot: a session object that changes later changes nothing that was said. */
export function copyIdentity<T extends Identity | null | undefined>(identity: T): T {
  if (typeof identity !== 'object' || identity === null) return identity
  const { user, apiKey, project, tags } = identity
  return {
    ...identity,
    user: user && { ...user },
    apiKey: apiKey && { ...apiKey },
    project: project && { ...project },
    tags: { ...tags },
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
