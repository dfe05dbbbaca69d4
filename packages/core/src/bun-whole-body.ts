import type { OpenExchange } from './open-exchange.ts'

interface BunRuntime {
  inspect(value: unknown): string
  /** What a promise came to, the promise itself while it is pending. */
  peek<T>(promise: Promise<T>): T | Promise<T>
}

const bun = (): BunRuntime | undefined => (globalThis as { Bun?: BunRuntime }).Bun

/**
 * Whether Bun holds the body whole: a text or bytes, no stream and no file. Bun sends such a body with its length, of which
 * a stream of it knows nothing. Only `inspect` tells. Elsewhere `false`; it never throws.
 */
export function holdsWhole(response: Response): boolean {
  try {
    return bun()?.inspect(response).includes('\n  Blob (') === true && !response.bodyUsed
  } catch {
    return false
  }
}

/** Shows the exchange a clone of a body that is held whole, which shares its bytes. The response is for the client. */
export function readBeside(exchange: OpenExchange, response: Response): Response {
  keepTextType(response)
  observe(exchange, response.clone().body)
  return response
}

async function observe(exchange: OpenExchange, body: ReadableStream<Uint8Array> | null): Promise<void> {
  try {
    for await (const bytes of body ?? []) exchange.chunk(bytes)
  } catch (error) {
    exchange.troubled('reading a clone', error)
  }
  exchange.end('complete')
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
