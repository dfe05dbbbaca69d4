import type { Identity } from '@withusage/core'

/** A key that one of our users was given. In a real server, a row of a table. */
export interface ApiKey {
  secret: string
  id: string
  name: string
  user: { id: string; name: string }
}

const ada = { id: 'ada', name: 'Ada' }
const grace = { id: 'grace', name: 'Grace' }
const edsger = { id: 'edsger', name: 'Edsger' }

export const keys = {
  adaLaptop: { secret: 'key-ada-laptop', id: 'k1', name: 'laptop', user: ada },
  adaScript: { secret: 'key-ada-script', id: 'k2', name: 'nightly script', user: ada },
  grace: { secret: 'key-grace', id: 'k3', name: 'notebook', user: grace },
  edsger: { secret: 'key-edsger', id: 'k4', name: 'terminal', user: edsger },
} satisfies Record<string, ApiKey>

const bySecret = new Map(Object.values(keys).map((key) => [key.secret, key]))

/** The OpenAI and Ollama clients send `Authorization: Bearer …`, the Anthropic client `x-api-key`. */
export function findKey(headers: Headers): ApiKey | null {
  const bearer = headers.get('authorization')?.replace(/^Bearer /i, '')
  return bySecret.get(headers.get('x-api-key') ?? bearer ?? '') ?? null
}

/** Who pays for a request: what `usage()` asks once per request. */
export function identify(headers: Headers): Identity | null {
  const key = findKey(headers)
  return key && { user: key.user, source: 'apikey', apiKey: { id: key.id, name: key.name } }
}
