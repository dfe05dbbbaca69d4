/**
 * Whether everything that does I/O belongs to the request that began it: Cloudflare's Workers. There a timer or a
 * `fetch` ends with its request, and whoever waits for that of another may wait for ever.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent
 */
export function bindsToRequests(): boolean {
  return (globalThis as { navigator?: { userAgent?: unknown } }).navigator?.userAgent === 'Cloudflare-Workers'
}

/** Something with which a platform is told to go on after the response has ended. */
interface Platform {
  waitUntil(work: Promise<unknown>): unknown
}

/** The first of a handler's further arguments that is one: the `ctx` of a Worker, the context of a Netlify function. */
export function platformAmong([, ...further]: readonly unknown[]): Platform | undefined {
  return further.find(isPlatform)
}

/** What throws when it is looked at is none. */
function isPlatform(argument: unknown): argument is Platform {
  try {
    return typeof (argument as Partial<Platform> | null | undefined)?.waitUntil === 'function'
  } catch {
    return false
  }
}
