import { type Claim, claimOf } from '../content-type.ts'
import { builtInFormats, gatewayFormats } from '../formats/built-in.ts'
import type { Format, FormatHints } from '../formats/format.ts'
import { modelInPath } from '../requested-model.ts'
import type { Meter, MeterResponse, Reading, ReadingReason } from '../types.ts'
import { awsEventStreamTransport } from './aws-event-stream.ts'
import { NOTHING } from './byte-buffer.ts'
import { EventFold, type FoldResult } from './event-fold.ts'
import { borrowGathering, type Gathering, giveBack, MOST_GATHERED } from './gathering.ts'
import { JsonTransport } from './json.ts'
import { jsonArrayTransport } from './json-array.ts'
import { ndjsonTransport } from './ndjson.ts'
import { rawOf } from './raw.ts'
import { contentStart, sniff, type Verdict } from './sniff.ts'
import { sseTransport } from './sse.ts'
import type { Transport } from './transport.ts'

/** Bounds of a meter, and formats that it knows beside the built-in ones. */
export interface MeterOptions {
  /** Bound of one SSE message, JSON line or AWS message, in bytes; a larger one is skipped. Default 8 MiB. */
  maxEventBytes?: number
  /**
   * Most that is held of a JSON document, in bytes; one of which more would have to be held is `too_large`. Past 8 KiB the
   * bulk is not held: the rest of long texts and of rows of numbers. Default 8 MiB.
   */
  maxBodyBytes?: number
  /** Formats of your own, asked before the built-in ones. */
  formats?: readonly Format[]
}

const MEBIBYTE = 1024 * 1024

/** What is said of a body of which nothing can be believed. */
export function unreadableReading(streamed: boolean, reason: ReadingReason = 'unreadable_body'): Reading {
  return {
    format: null,
    operation: null,
    streamed,
    model: null,
    responseId: null,
    lines: [],
    reason,
    raw: null,
    interrupted: false,
    prefillTokens: null,
    draftTokens: null,
    replay: null,
  }
}

const NOTHING_READ: FoldResult = { format: null, reading: null, reason: null, interrupted: false }

/** Creates the reader of one response's usage. Holds at most one event, or one document, at a time, and 4 KiB of small chunks. */
export function createMeter(response: MeterResponse, options: MeterOptions = {}): Meter {
  return new BodyMeter(response, options)
}

/** A class, so that a response does not cost the making of its functions. */
class BodyMeter implements Meter {
  readonly #requestedModel: string | null | undefined
  readonly #hints: FormatHints
  readonly #encoded: boolean
  readonly #claim: Claim
  readonly #fold: EventFold
  readonly #maxEventBytes: number
  readonly #maxBodyBytes: number
  #head: Uint8Array = NOTHING
  #gathering: Gathering | null = null
  #verdict: Verdict
  #transport: Transport | null = null
  #reading: Reading | null = null

  constructor(response: MeterResponse, { maxEventBytes, maxBodyBytes, formats = [] }: MeterOptions) {
    this.#requestedModel = response.requestedModel
    this.#hints = hintsOf(response)
    this.#encoded = isEncoded(response.headers)
    this.#claim = claimOf(response.headers)
    this.#verdict = this.#claim === 'other' ? 'other' : 'more'
    this.#maxEventBytes = maxEventBytes ?? 8 * MEBIBYTE
    this.#maxBodyBytes = maxBodyBytes ?? 8 * MEBIBYTE
    const known = formats.length === 0 ? builtInFormats : [...formats, ...builtInFormats]
    this.#fold = new EventFold(known, gatewayFormats, this.#hints)
  }

  write(chunk: Uint8Array): void {
    if (this.#reading) return
    try {
      if (this.#transport?.streamed && chunk.length <= MOST_GATHERED) this.#gather(chunk)
      else this.#read(chunk)
    } catch {
      this.#giveUp()
    }
  }

  end(): Reading {
    this.#reading ??= this.#conclude()
    return this.#reading
  }

  /** The chunk is read when there are more. */
  #gather(chunk: Uint8Array): void {
    this.#gathering ??= borrowGathering()
    if (this.#gathering?.append(chunk)) return
    this.#readGathered()
    if (!this.#gathering?.append(chunk)) this.#read(chunk)
  }

  #readGathered(): void {
    const bytes = this.#gathering?.take()
    if (bytes && bytes.length > 0) this.#transport?.write(bytes)
  }

  #read(chunk: Uint8Array): void {
    this.#readGathered()
    if (this.#transport) this.#transport.write(chunk)
    else if (this.#verdict === 'more') this.#begin(chunk)
  }

  #begin(chunk: Uint8Array): void {
    const bytes = this.#head.length === 0 ? chunk : joined(this.#head, chunk)
    const body = bytes.subarray(contentStart(bytes))
    if (body.length > 0) this.#verdict = sniff(body, this.#claim, this.#encoded)
    this.#head = this.#verdict === 'more' ? new Uint8Array(body) : NOTHING
    this.#transport = this.#openTransport()
    this.#transport?.write(body)
  }

  #openTransport(): Transport | null {
    const fold = this.#fold
    const maxEventBytes = this.#maxEventBytes
    const maxBodyBytes = this.#maxBodyBytes
    switch (this.#verdict) {
      case 'sse':
        return sseTransport(fold, maxEventBytes)
      case 'ndjson':
        return ndjsonTransport(fold, maxEventBytes)
      case 'aws-event-stream':
        return awsEventStreamTransport(fold, maxEventBytes)
      case 'json-array':
        return jsonArrayTransport(fold, maxBodyBytes, maxEventBytes)
      case 'json':
        return new JsonTransport(fold, maxBodyBytes, maxEventBytes)
      default:
        return null
    }
  }

  #reasonWithoutTransport(): ReadingReason {
    if (this.#verdict === 'encoded') return 'encoded_body'
    if (this.#verdict === 'unreadable' || (this.#head.length > 0 && /json|aws/.test(this.#claim)))
      return 'unreadable_body'
    return 'no_usage'
  }

  /** What must not throw at the caller did: the body is not read any further, nor believed. */
  #giveUp(): void {
    this.#transport = null
    this.#verdict = 'unreadable'
    this.#endGathering()
  }

  #endGathering(): void {
    if (this.#gathering) giveBack(this.#gathering)
    this.#gathering = null
  }

  #result(): FoldResult {
    try {
      this.#readGathered()
      this.#transport?.end()
      if (this.#transport) return this.#fold.result()
    } catch {
      this.#giveUp()
    }
    return NOTHING_READ
  }

  #conclude(): Reading {
    const { format, reading: found, reason, interrupted } = this.#result()
    this.#endGathering()
    const why = this.#transport ? reason : this.#reasonWithoutTransport()
    return {
      format: format?.name ?? null,
      operation: found?.operation ?? format?.operation ?? null,
      streamed: this.#transport?.streamed ?? false,
      model: found?.model ?? this.#requestedModel ?? modelInPath(this.#hints.path),
      responseId: found?.responseId ?? null,
      lines: found?.lines ?? [],
      reason: this.#encoded && why === 'unreadable_body' ? 'encoded_body' : why,
      raw: rawOf(found?.raw ?? null),
      interrupted,
      prefillTokens: found?.prefillTokens ?? null,
      draftTokens: found?.draftTokens ?? null,
      replay: found?.replay ?? null,
    }
  }
}

/** Names a coding, even if the bytes are plain: behind `fetch` they are decoded and the header stays. */
function isEncoded(headers: Headers): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return coding !== '' && coding !== 'identity'
}

function hintsOf({ url, method = 'POST', headers }: MeterResponse): FormatHints {
  return { path: (url ?? '').replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/s, ''), method, headers }
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + after.length)
  bytes.set(before)
  bytes.set(after, before.length)
  return bytes
}
