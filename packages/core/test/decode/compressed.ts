import type { Transform } from 'node:stream'
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'

/** What servers send under each name of a coding. */
export const ENCODERS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => Uint8Array.from(gzipSync(bytes)),
  deflate: (bytes) => Uint8Array.from(deflateSync(bytes)),
  'deflate without a header': (bytes) => Uint8Array.from(deflateRawSync(bytes)),
  br: (bytes) => Uint8Array.from(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })),
  zstd: (bytes) => Uint8Array.from(zstdCompressSync(bytes)),
}

/** The name in the header. */
export function headerOf(coding: string): string {
  return coding.split(' ')[0] as string
}

/** The bytes with these codings applied, in this order. */
export function encoded(bytes: Uint8Array, codings: readonly string[]): Uint8Array {
  return codings.reduce((body, coding) => (ENCODERS[coding] as (bytes: Uint8Array) => Uint8Array)(body), bytes)
}

const STREAMS: Record<string, () => Transform> = {
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  deflate: () => createDeflate({ flush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdCompress({ flush: constants.ZSTD_e_flush }),
}

/** Codings of which a stream can be flushed after each event. */
export const STREAMED = Object.keys(STREAMS)

/** The chunks of a compressed stream that is flushed after each of these, one for each; the last ends it. */
export async function flushed(coding: string, chunks: readonly string[]): Promise<Uint8Array[]> {
  const stream = (STREAMS[coding] as () => Transform)()
  const sent: Uint8Array[] = []
  let pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  for (const chunk of chunks) {
    await new Promise((resolve) => stream.write(chunk, resolve))
    sent.push(Uint8Array.from(Buffer.concat(pieces)))
    pieces = []
  }
  await new Promise((resolve) => stream.on('end', resolve).end())
  sent.push(Uint8Array.from(Buffer.concat(pieces)))
  return sent
}
