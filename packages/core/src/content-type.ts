/** What a content type promises. `text` is prose, `other` is media: neither is ever of a wire format. */
export type Claim = 'json' | 'ndjson' | 'sse' | 'aws-event-stream' | 'unknown' | 'text' | 'other'

/** Reads the promise of the `content-type` header. A value that is no media type promises nothing. */
export function claimOf(headers: Headers): Claim {
  const type = mediaType(headers)
  if (type.includes('event-stream')) return 'sse'
  if (type === 'application/vnd.amazon.eventstream') return 'aws-event-stream'
  if (/ndjson|jsonl|json-?lines|stream\+json|json-seq/.test(type)) return 'ndjson'
  if (type.includes('json')) return 'json'
  if (!type.includes('/') || type === 'application/octet-stream') return 'unknown'
  return type === 'text/plain' ? 'text' : 'other'
}

/** A body of events. */
export function isEventStream(claim: Claim): boolean {
  return claim === 'sse' || claim === 'ndjson' || claim === 'aws-event-stream'
}

/** A body that a format may read. Any other may be a model's own text or media, in which nothing counts as usage. */
export function mayHoldUsage(claim: Claim): boolean {
  return claim !== 'text' && claim !== 'other'
}

function mediaType(headers: Headers): string {
  const value = headers.get('content-type') ?? ''
  const end = value.indexOf(';')
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
}
