/** Private texts of a request. Each holds the stem, so that one search finds whichever has got out. */
export const MARKERS = {
  prompt: 'zq7-prompt What is my diagnosis?',
  completion: 'zq7-completion You are well.',
  authorization: 'zq7-authorization',
  cookie: 'zq7-cookie',
  query: 'zq7-query',
  failure: 'zq7-failure',
} as const

const STEM = /zq7-[a-z]+/g

/** The markers that a text holds, each once. */
export function markersIn(text: string): string[] {
  return [...new Set(text.match(STEM) ?? [])]
}

/** A request that carries a marker wherever a client puts something private. */
export function markedRequest(path = '/v1/chat/completions', headers: Record<string, string> = {}): Request {
  return new Request(`https://llm.test${path}?key=${MARKERS.query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${MARKERS.authorization}`,
      cookie: `session=${MARKERS.cookie}`,
      ...headers,
    },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: MARKERS.prompt }] }),
  })
}
