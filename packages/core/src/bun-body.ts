interface BunRuntime {
  inspect(value: unknown): string
  /** What a promise came to, the promise itself while it is pending. */
  peek<T>(promise: Promise<T>): T | Promise<T>
}

const bun = (): BunRuntime | undefined => (globalThis as { Bun?: BunRuntime }).Bun

/** Whether Bun holds the body whole: only `inspect` tells. Elsewhere `false`. */
export function bunHolds(response: Response): boolean {
  return bun()?.inspect(response).includes('\n  Blob (') === true && !response.bodyUsed
}

/** A body that Bun holds whole, once more: a clone shares its bytes. */
export function copyOnBun(response: Response): ReadableStream<Uint8Array> | null {
  keepTextType(response)
  return response.clone().body
}

/**
 * Bun gives a body without a content type its default only when it sends it, and takes some texts for bytes once they were
 * cloned. What nothing on Bun tells apart is a text and bytes that are UTF-8: both become text. What was fetched is bytes.
 */
function keepTextType(response: Response): void {
  if (response.url !== '' || response.headers.has('content-type')) return
  if (isUtf8(bun()?.peek(response.clone().bytes()))) response.headers.set('content-type', 'text/plain;charset=utf-8')
}

function isUtf8(bytes: unknown): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes as Uint8Array)
    return bytes instanceof Uint8Array
  } catch {
    return false
  }
}
