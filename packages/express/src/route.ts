import type { Request } from 'express'

type Params = Readonly<Record<string, unknown>>

/** The parameters that each request has been given so far. */
const met = new WeakMap<Request, Params[]>()

/**
 * Watches which parameters a request is given. Express tells a route by its pattern, but the path on which a router is
 * mounted only as it was matched, values and all; the parameters that it gives each router on the way say which parts of
 * that are values.
 */
export function watchRoute(request: Request): void {
  if (met.has(request)) return
  let current: Params = request.params
  const seen = [current]
  met.set(request, seen)
  Object.defineProperty(request, 'params', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(params: Params) {
      current = params
      seen.push(params)
    },
  })
}

/** The pattern of the route that a watched request has matched; `undefined` when it has matched none. */
export function routeOf(request: Request): string | undefined {
  const { route, baseUrl = '' } = request
  if (typeof route?.path !== 'string') return undefined
  return `${mountPattern(baseUrl, Object.assign({}, ...(met.get(request) ?? [])))}${route.path}`
}

function mountPattern(baseUrl: string, params: Params): string {
  const names = new Map(Object.entries(params).flatMap(([name, value]) => namesOf(name, value)))
  return baseUrl
    .split('/')
    .map((segment) => names.get(decoded(segment)) ?? segment)
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
