import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { ReadError } from './read-error.ts'
import { openSource, type Source } from './source.ts'

/** Bytes that may have been compressed. */
export interface Decoded {
  source: Source
  /** `'gzip'`, `'deflate'`, `'zstd'`, `'br'`; `null` when the bytes were plain. */
  coding: string | null
}

/** How each coding begins; what is cut off in the middle is read as far as it goes. */
const CODINGS: readonly { name: string; begins: readonly (readonly number[])[]; decoder(): Transform }[] = [
  { name: 'gzip', begins: [[0x1f, 0x8b]], decoder: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }) },
  {
    name: 'zstd',
    begins: [[0x28, 0xb5, 0x2f, 0xfd]],
    decoder: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
  },
  {
    name: 'deflate',
    begins: [0x01, 0x5e, 0x9c, 0xda].map((level) => [0x78, level]),
    decoder: () => createInflate({ finishFlush: constants.Z_SYNC_FLUSH }),
  },
]

/**
 * Decodes what is compressed, as its bytes tell; Brotli has no mark, so there the header tells, and text is no Brotli.
 *
 * @param claimed the `content-encoding` header
 */
export async function decoded(source: Source, claimed: string | null = null): Promise<Decoded> {
  const known = CODINGS.find(({ begins }) =>
    begins.some((bytes) => bytes.every((byte, at) => source.head[at] === byte)),
  )
  if (known) return { source: await through(source, known.decoder(), known.name), coding: known.name }
  if (claimed?.trim().toLowerCase() !== 'br' || beginsAsText(source.head)) return { source, coding: null }
  const brotli = createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })
  return { source: await through(source, brotli, 'br'), coding: 'br' }
}

function beginsAsText(head: Uint8Array): boolean {
  return /^(?:\ufeff|\xef\xbb\xbf)?\s*(?:[{[:]|data:|event:|id:|retry:)/.test(
    Buffer.from(head.subarray(0, 64)).toString('latin1'),
  )
}

async function through(source: Source, decoder: Transform, name: string): Promise<Source> {
  // Its error is thrown where the decoder is read.
  pipeline(Readable.from(source.from(0)), decoder).catch(() => {})
  return openSource(readable(decoder, name))
}

async function* readable(decoder: Transform, name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of decoder) yield chunk
  } catch (cause) {
    throw new ReadError(`it begins as ${name}, and cannot be decoded as that`, { cause })
  }
}
