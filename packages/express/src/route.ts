import type { IRoute, Request } from 'express'

type Params = Readonly<Record<string, unknown>>

/** Mount paths that one route may have. */
const MAX_MOUNTS = 16

/** The mount paths that each route was found under. */
const mounts = new WeakMap<IRoute, Set<string>>()

/** The parameters that each request has been given so far. */
const met = new WeakMap<Request, Params[]>()

/**
 * Watches which parameters a request is given. Express tells a route by its pattern, but the path on which a router is
 * mounted only as it was matched, values and all; the parameters that it gives each router on the way say which parts of
 * that are values. They are copied, as `router.param` and handlers may put something else in their place.
 */
export function watchRoute(request: Request): void {
  if (met.has(request)) return
  let current: Params = request.params
  const seen = [{ ...current }]
  met.set(request, seen)
  Object.defineProperty(request, 'params', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(params: Params) {
      current = params
      seen.push({ ...params })
    },
  })
}

/**
 * The pattern of the route that a watched request has matched; `undefined` when it has matched none, and when that is a
 * list or a regular expression. A router that is mounted on a regular expression shows values that no parameter names:
 * a route found under more mount paths than there may be has no pattern either.
 */
export function routeOf(request: Request): string | undefined {
  const { route, baseUrl = '' } = request
  if (typeof route?.path !== 'string') return undefined
  const mount = mountPattern(baseUrl, met.get(request) ?? [])
  return isMountOf(route, mount) ? `${mount}${route.path}` : undefined
}

function isMountOf(route: IRoute, mount: string): boolean {
  const known = mounts.get(route) ?? new Set()
  mounts.set(route, known)
  if (known.size < MAX_MOUNTS) known.add(mount)
  return known.has(mount)
}

/** In lower case, where it is no value: Express matches it in any. */
function mountPattern(baseUrl: string, met: readonly Params[]): string {
  const names = new Map(met.flatMap(Object.entries).flatMap(([name, value]) => namesOf(name, value)))
  return baseUrl
    .split('/')
    .map((segment) => names.get(decoded(segment)) ?? segment.toLowerCase())
    .join('/')
}

/** A wildcard's parameter is numbered, or a list, and may hold several segments. */
function namesOf(name: string, value: unknown): [value: string, name: string][] {
  const wildcard = Array.isArray(value) || /^\d+$/.test(name)
  if (!wildcard) return [[`${value}`, `:${name}`]]
  const segments = Array.isArray(value) ? value : `${value}`.split('/')
  return segments.map((segment) => [`${segment}`, '*'])
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
