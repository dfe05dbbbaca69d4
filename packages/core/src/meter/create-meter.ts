import { claimOf } from '../content-type.ts'
import { builtInFormats, gatewayFormats } from '../formats/built-in.ts'
import type { Format, FormatHints } from '../formats/format.ts'
import { modelInPath } from '../requested-model.ts'
import type { Meter, MeterResponse, Reading, ReadingReason } from '../types.ts'
import { awsEventStreamTransport } from './aws-event-stream.ts'
import { NOTHING } from './byte-buffer.ts'
import { type FoldResult, foldEvents } from './event-fold.ts'
import { jsonTransport } from './json.ts'
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

/** Creates the reader of one response's usage. Holds at most one event, or one document, at a time. */
export function createMeter(response: MeterResponse, options: MeterOptions = {}): Meter {
  const { maxEventBytes = 8 * MEBIBYTE, maxBodyBytes = 8 * MEBIBYTE, formats = [] } = options
  const encoded = isEncoded(response.headers)
  const claim = claimOf(response.headers)
  const hints = hintsOf(response)
  const known = formats.length === 0 ? builtInFormats : [...formats, ...builtInFormats]
  const fold = foldEvents(known, gatewayFormats, hints)
  let head: Uint8Array = NOTHING
  let verdict: Verdict = claim === 'other' ? 'other' : 'more'
  let transport: Transport | null = null
  let reading: Reading | null = null

  function openTransport(): Transport | null {
    if (verdict === 'sse') return sseTransport(fold, maxEventBytes)
    if (verdict === 'ndjson') return ndjsonTransport(fold, maxEventBytes)
    if (verdict === 'aws-event-stream') return awsEventStreamTransport(fold, maxEventBytes)
    if (verdict === 'json-array') return jsonArrayTransport(fold, maxBodyBytes, maxEventBytes)
    if (verdict === 'json') return jsonTransport(fold, maxBodyBytes, maxEventBytes)
    return null
  }

  function begin(chunk: Uint8Array): void {
    const bytes = head.length === 0 ? chunk : joined(head, chunk)
    const body = bytes.subarray(contentStart(bytes))
    if (body.length > 0) verdict = sniff(body, claim, encoded)
    head = verdict === 'more' ? body.slice() : NOTHING
    transport = openTransport()
    transport?.write(body)
  }

  function reasonWithoutTransport(): ReadingReason {
    if (verdict === 'encoded') return 'encoded_body'
    if (verdict === 'unreadable' || (head.length > 0 && /json|aws/.test(claim))) return 'unreadable_body'
    return 'no_usage'
  }

  /** What must not throw at the caller did: the body is not read any further, nor believed. */
  function giveUp(): void {
    transport = null
    verdict = 'unreadable'
  }

  function result(): FoldResult {
    try {
      transport?.end()
      if (transport) return fold.result()
    } catch {
      giveUp()
    }
    return NOTHING_READ
  }

  function conclude(): Reading {
    const { format, reading: found, reason, interrupted } = result()
    const why = transport ? reason : reasonWithoutTransport()
    return {
      format: format?.name ?? null,
      operation: found?.operation ?? format?.operation ?? null,
      streamed: transport?.streamed ?? false,
      model: found?.model ?? response.requestedModel ?? modelInPath(hints.path),
      responseId: found?.responseId ?? null,
      lines: found?.lines ?? [],
      reason: encoded && why === 'unreadable_body' ? 'encoded_body' : why,
      raw: rawOf(found?.raw ?? null),
      interrupted,
      prefillTokens: found?.prefillTokens ?? null,
      draftTokens: found?.draftTokens ?? null,
      replay: found?.replay ?? null,
    }
  }

  return {
    write(chunk) {
      if (reading) return
      try {
        if (transport) transport.write(chunk)
        else if (verdict === 'more') begin(chunk)
      } catch {
        giveUp()
      }
    },
    end() {
      reading ??= conclude()
      return reading
    },
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
