import type { Incoming } from './incoming.ts'

/** The bytes of a body without its framing; at last whether they were all of it. */
export type Body = AsyncGenerator<Buffer, 'whole' | 'cut'>

/** The body that follows a head, by the rules of HTTP/1.1. */
export function bodyAfter(head: { method: string; status: number; headers: readonly Header[] }, from: Incoming): Body {
  const { method, status, headers } = head
  if (method === 'HEAD' || status === 204 || status === 304) return sized(from, 0)
  if (headerOf(headers, 'transfer-encoding')?.toLowerCase() === 'chunked') return chunked(from)
  const length = headerOf(headers, 'content-length')
  return length === undefined ? untilEnd(from) : sized(from, Number(length))
}

/** Name and value, as they came. */
export type Header = readonly [name: string, value: string]

function headerOf(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1]
}

async function* sized(from: Incoming, length: number): Body {
  for (let left = length; left > 0; ) {
    const bytes = await from.some(left)
    if (bytes === null) return 'cut'
    left -= bytes.length
    yield bytes
  }
  return 'whole'
}

async function* chunked(from: Incoming): Body {
  for (;;) {
    const size = Number.parseInt((await from.line()) ?? '', 16)
    if (Number.isNaN(size)) return 'cut'
    if (size === 0) return (await from.line()) === '' ? 'whole' : 'cut'
    if ((yield* sized(from, size)) === 'cut' || (await from.line()) !== '') return 'cut'
  }
}

async function* untilEnd(from: Incoming): Body {
  for (;;) {
    const bytes = await from.some()
    if (bytes === null) return 'whole'
    yield bytes
  }
}
