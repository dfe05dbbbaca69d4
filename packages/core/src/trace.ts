import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'

export interface TraceIds {
  traceId: string | null
  spanId: string | null
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/
const NO_TRACE: TraceIds = { traceId: null, spanId: null }

/** The ids of the span that the request runs in, else those that its `traceparent` header carries. */
export function traceOf(span: SpanContext | null, headers: { get(name: string): string | null }): TraceIds {
  if (span && isSpanContextValid(span)) return { traceId: span.traceId, spanId: span.spanId }
  const parent = TRACEPARENT.exec(headers.get('traceparent') ?? '')
  if (!parent || /^0+$/.test(parent[1] as string)) return NO_TRACE
  return { traceId: parent[1] as string, spanId: parent[2] as string }
}
