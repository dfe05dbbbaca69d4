import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/**
 * The headers of a response: what was set, and what `writeHead` was given beside it.
 *
 * @throws what the platform throws at a name or a value that it does not take
 */
export function sentHeaders(response: ServerResponse, headGiven: readonly unknown[]): Headers {
  return headersOf({ ...response.getHeaders(), ...headersIn(headGiven) })
}

/** `writeHead(status, reason?, headers?)`: the headers as an object, or as a flat list of names and values. */
function headersIn(args: readonly unknown[]): OutgoingHttpHeaders {
  const given = args.find((arg) => typeof arg === 'object' && arg !== null)
  if (!Array.isArray(given)) return Object.fromEntries(lowerCase(Object.entries(given ?? {})))
  const pairs = Array.isArray(given[0]) ? given : given.flatMap((name, at) => (at % 2 ? [] : [[name, given[at + 1]]]))
  return Object.fromEntries(lowerCase(pairs as [string, string][]))
}

function lowerCase<T>(entries: readonly [string, T][]): [string, T][] {
  return entries.map(([name, value]) => [`${name}`.toLowerCase(), value])
}

/** HTTP/2 has the status among its headers. */
function headersOf(sent: OutgoingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(sent)) {
    const isStatus = name.startsWith(':')
    if (value !== undefined && !isStatus) headers.set(name, `${value}`)
  }
  return headers
}
