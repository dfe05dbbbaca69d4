const storage = await loadStorage()

/**
 * What `headers()` of Next looks at; no public API tells it. The module is at this place from Next 16.0 on. Loaded within
 * `try`, it may move: Next's bundlers build without it, and what Next would keep is then made for each request.
 */
async function loadStorage() {
  try {
    return (await import('next/dist/server/app-render/work-unit-async-storage.external.js')).workUnitAsyncStorage
  } catch {
    return undefined
  }
}

/**
 * For what Next runs a handler: a client's request; a result that it keeps (at build, or when that is out of date); or,
 * with Cache Components, an attempt at one, given up at the first clock, random number or request that is read. Reading
 * a request makes a route dynamic that would be kept.
 */
export function currentWork(): 'request' | 'kept' | 'attempt' {
  switch (storage?.getStore()?.type) {
    case 'prerender-legacy':
      return 'kept'
    case 'prerender':
      return 'attempt'
    default:
      return 'request'
  }
}
