import { pathOf } from './endpoint.ts'

/** What metering knows of a request. Asking it again never throws. */
export interface RequestFacts {
  /** `'POST'` where the request does not say. */
  method: string
  /** Empty where the request does not say. */
  path: string
  headers: { get(name: string): string | null }
}

interface RequestLike {
  method?: unknown
  url?: unknown
  headers?: { get?(name: string): unknown }
}

/**
 * Reads a request that may be anything: a proxy that throws, another library's, none at all. What cannot be read is
 * not known, and no reason to leave the request uncounted.
 */
export function factsOf(request: RequestLike | null | undefined): RequestFacts {
  return {
    method: textOr('POST', () => request?.method),
    path: pathOf(textOr('', () => request?.url)),
    headers: headersOf(request),
  }
}

function headersOf(request: RequestLike | null | undefined): RequestFacts['headers'] {
  let headers: RequestLike['headers']
  try {
    headers = request?.headers
  } catch {
    // Not known.
  }
  return { get: (name) => textOr('', () => headers?.get?.(name)) || null }
}

function textOr(otherwise: string, read: () => unknown): string {
  try {
    const value = read()
    return typeof value === 'string' ? value : otherwise
  } catch {
    return otherwise
  }
}

/** Whether the client is known to be gone. */
export function hasLeft(request: Request): boolean {
  try {
    return signalOf(request)?.aborted === true
  } catch {
    return false
  }
}

/** `null` on Deno: there it aborts on every normal completion too, and reading it prints a warning. */
function signalOf(request: Request): AbortSignal | null {
  return 'Deno' in globalThis ? null : request.signal
}

/** Calls back with the reason when the client is gone, at once if it is already; returns how to stop listening. */
export function onAbort(request: Request, leave: (reason: unknown) => void): () => void {
  try {
    const signal = signalOf(request)
    if (!signal) return () => {}
    const gone = (): void => leave(signal.reason)
    if (signal.aborted === true) gone()
    else signal.addEventListener('abort', gone, { once: true })
    return () => signal.removeEventListener('abort', gone)
  } catch {
    return () => {}
  }
}
