import type { Transform } from 'node:stream'
import type { Coding } from './codings.ts'
import type { Decoder, Give } from './decoder.ts'

type Zlib = Partial<typeof import('node:zlib')>

/** Not in every runtime, and no import: a bundler for the edge would stumble over it. */
interface NodeGlobals {
  process?: { getBuiltinModule?(name: 'node:zlib'): Zlib | undefined }
}

/** A decoder of `node:zlib` on Node, Deno, Bun and workerd; `null` where there is none for the coding. */
export function zlibDecoder(coding: Coding, give: Give): Decoder | null {
  try {
    const zlib = (globalThis as NodeGlobals).process?.getBuiltinModule?.('node:zlib')
    const stream = streamOf(coding, zlib ?? {})
    return stream ? new ZlibDecoder(stream, give) : null
  } catch {
    return null
  }
}

function streamOf(coding: Coding, zlib: Zlib): Transform | undefined {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip?.()
    case 'deflate':
      return zlib.createInflate?.()
    case 'deflate-raw':
      return zlib.createInflateRaw?.()
    case 'brotli':
      return zlib.createBrotliDecompress?.()
    case 'zstd':
      return zlib.createZstdDecompress?.()
  }
}

interface Step {
  resolve(): void
  reject(cause: unknown): void
}

/** One step at a time: Node calls back when a write has been decoded and its output delivered. */
class ZlibDecoder implements Decoder {
  readonly #stream: Transform
  #step: Step | null = null
  /** The coding has come to its end, or the decoder was closed: what follows gives nothing. */
  #over = false
  #failure: unknown

  constructor(stream: Transform, give: Give) {
    this.#stream = stream
    stream.on('data', give)
    stream.on('error', (cause) => this.#fail(cause))
    stream.on('end', () => this.#end())
    stream.on('close', () => this.#end())
  }

  decode(bytes: Uint8Array): Promise<void> {
    return this.#run(({ resolve }) => this.#stream.write(bytes, (error) => error || resolve()))
  }

  async finish(): Promise<boolean> {
    try {
      await this.#run(() => this.#stream.end())
      return true
    } catch (error) {
      if (isCut(error)) return false
      throw error
    }
  }

  close(): void {
    this.#stream.destroy()
  }

  async #run(start: (step: Step) => void): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#over) return
    await new Promise<void>((resolve, reject) => {
      this.#step = { resolve, reject }
      start(this.#step)
    })
  }

  #fail(cause: unknown): void {
    this.#failure = cause
    this.#step?.reject(cause)
  }

  #end(): void {
    this.#over = true
    this.#step?.resolve()
  }
}

/** "unexpected end of file" */
function isCut(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'Z_BUF_ERROR'
}
