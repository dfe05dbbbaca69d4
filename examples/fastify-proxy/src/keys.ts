import type { IncomingMessage } from 'node:http'
import type { Identity } from '@withusage/core'

/** Yours are in a database, and hashed. */
const USERS: Record<string, Identity> = {
  'Bearer sk-ada': { user: { id: 'ada' }, source: 'apikey', apiKey: { id: 'key_1', name: 'laptop' } },
  'Bearer sk-grace': { user: { id: 'grace' }, source: 'apikey', apiKey: { id: 'key_2', name: 'server' } },
}

/** Who pays. `null`: nobody has that key. */
export function identify({ headers: { authorization = '' } }: IncomingMessage): Identity | null {
  return (Object.hasOwn(USERS, authorization) && USERS[authorization]) || null
}
