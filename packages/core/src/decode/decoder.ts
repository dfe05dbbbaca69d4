import type { Coding } from './codings.ts'
import { webDecoder } from './web-decoder.ts'
import { zlibDecoder } from './zlib-decoder.ts'

/** Takes one coding off a body, a step at a time. */
export interface Decoder {
  /**
   * Resolves when all that these bytes give has been given.
   *
   * @throws when they are not of the coding
   */
  decode(bytes: Uint8Array): Promise<void>
  /**
   * No more bytes come. Resolves to whether they ended where the coding says; some platforms do not tell, and say `true`.
   *
   * @throws as `decode` does
   */
  finish(): Promise<boolean>
  /** Lets go of everything; what is being decoded comes to nothing. */
  close(): void
}

/** Is given the decoded bytes, in order. Must not throw. */
export type Give = (piece: Uint8Array) => void

/**
 * The decoder of this platform, `null` when it has none. That of `node:zlib` comes first where it can be had: it tells
 * when a step is done, decodes in small pieces, and knows zstd.
 */
export function openDecoder(coding: Coding, give: Give): Decoder | null {
  return zlibDecoder(coding, give) ?? webDecoder(coding, give)
}
