interface BunRuntime {
  inspect(value: unknown): string
  /** What a promise came to, the promise itself while it is pending. */
  peek<T>(promise: Promise<T>): T | Promise<T>
}

/**
 * Bun gives a body without a content type its default only when it sends it, and no longer knows text from bytes once
 * `body` was looked at: call this before. What nothing on Bun tells apart is a string and bytes that are UTF-8; both
 * become text. A stream has no default. Elsewhere it does nothing; it never throws.
 */
export function keepDefaultType(response: Response): void {
  const { Bun } = globalThis as { Bun?: BunRuntime }
  if (Bun === undefined) return
  try {
    if (!(response instanceof Response) || response.headers.has('content-type') || !isHeldWhole(response, Bun)) return
    response.headers.set('content-type', isText(response, Bun) ? TEXT : BYTES)
  } catch {
    // What does not let itself be looked at goes out as it is.
  }
}

const TEXT = 'text/plain;charset=utf-8'
const BYTES = 'application/octet-stream'

/** Bun shows a body that is no stream, and no file, as a blob. */
function isHeldWhole(response: Response, { inspect }: BunRuntime): boolean {
  return inspect(response).includes('\n  Blob (')
}

/** To Bun, what was fetched is bytes. */
function isText(response: Response, { peek }: BunRuntime): boolean {
  if (response.url !== '') return false
  const bytes = peek(response.clone().bytes())
  return bytes instanceof Uint8Array && isUtf8(bytes)
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
