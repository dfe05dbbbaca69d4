/** The media type of a response: `'text/event-stream'`, lower case, without parameters; empty when there is none. */
export function mediaType(headers: Headers): string {
  const value = headers.get('content-type') ?? ''
  const end = value.indexOf(';')
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
}

/** One JSON document. */
export function isJson(type: string): boolean {
  return type === 'application/json' || (type.endsWith('+json') && type !== 'application/stream+json')
}

const STREAMS = [
  'text/event-stream',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/stream+json',
  'application/vnd.amazon.eventstream',
]

/** A body of events. */
export function isStream(type: string): boolean {
  return STREAMS.includes(type)
}

/** A body that a format may read. Everything else may be a model's own text or media, in which nothing counts as usage. */
export function mayHoldUsage(type: string): boolean {
  return type === '' || type === 'application/octet-stream' || isJson(type) || isStream(type)
}
