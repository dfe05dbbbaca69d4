import type { Identity } from '@withusage/core'
import type { Request } from 'express'

interface Key {
  id: string
  name: string
  user: { id: string; name: string }
}

/** Yours are in a database, and hashed. */
const KEYS: Record<string, Key> = {
  'sk-ada': { id: 'key_1', name: 'laptop', user: { id: 'ada', name: 'Ada' } },
  'sk-grace': { id: 'key_2', name: 'server', user: { id: 'grace', name: 'Grace' } },
}

/** The key that came with the request, `undefined` for one that nobody has. */
export function keyOf(request: Request): Key | undefined {
  const secret = /^Bearer (.+)$/.exec(request.get('authorization') ?? '')?.[1] ?? ''
  return Object.hasOwn(KEYS, secret) ? KEYS[secret] : undefined
}

/** Who pays. The key itself is recorded nowhere, its id and name are. */
export function identify(request: Request): Identity | null {
  const key = keyOf(request)
  return key ? { user: key.user, source: 'apikey', apiKey: { id: key.id, name: key.name } } : null
}
