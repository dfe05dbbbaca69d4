import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'

export interface TraceIds {
  traceId: string | null
  spanId: string | null
}

/**
 * Ids that are all zeros are none, version `ff` is none, and only later versions than `00` may say more.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
const TRACEPARENT =
  /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)/
const NO_TRACE: TraceIds = { traceId: null, spanId: null }

/** The ids of the span that the request runs in, else those that its `traceparent` header carries. */
export function traceOf(span: SpanContext | null, headers: { get(name: string): string | null }): TraceIds {
  if (span && isSpanContextValid(span)) return { traceId: span.traceId, spanId: span.spanId }
  const [, traceId, spanId] = TRACEPARENT.exec(headers.get('traceparent') ?? '') ?? []
  return traceId !== undefined && spanId !== undefined ? { traceId, spanId } : NO_TRACE
}
