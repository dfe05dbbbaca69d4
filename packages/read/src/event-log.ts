import { createMeter, defineFormat, type Meter, type WireEvent } from '@withusage/core'
import type { SavedResponse } from './saved-response.ts'

/** One event of a body, without its long texts. */
export interface LoggedEvent {
  /** From 0, among the events of the body that are JSON. */
  index: number
  name: string | null
  data: unknown
  document: boolean
}

export interface EventLog {
  write(chunk: Uint8Array): void
  /** The first and the last events of the body: at most 2,000. */
  end(): { events: readonly LoggedEvent[]; total: number }
}

const MOST_EVENTS = 1000
const MOST_TEXT = 256
const MOST_NUMBERS = 16

/** Keeps the events of a body as a format is given them, whatever the transport. Bounded. */
export function logEvents({ url, method, status, headers }: SavedResponse): EventLog {
  const first: LoggedEvent[] = []
  const last: LoggedEvent[] = []
  let total = 0

  function keep({ name, data, document }: WireEvent): void {
    const event = { index: total++, name, data: shortened(data), document }
    if (first.length < MOST_EVENTS) first.push(event)
    else last.push(event)
    if (last.length > 2 * MOST_EVENTS) last.splice(0, MOST_EVENTS)
  }

  const everything = defineFormat<null>({
    name: 'everything',
    operation: null,
    matches: () => true,
    start: () => null,
    read: (_seen, event) => {
      keep(event)
      return null
    },
    finish: () => ({ model: null, responseId: null, lines: [], raw: null }),
  })
  const meter: Meter = createMeter({ url, method, status, headers }, { formats: [everything] })
  return {
    write: (chunk) => meter.write(chunk),
    end() {
      meter.end()
      return { events: [...first, ...last.slice(-MOST_EVENTS)], total }
    },
  }
}

/** Long texts and long lists of numbers (embeddings) tell no usage. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, MOST_TEXT)
  if (Array.isArray(value)) {
    const numbers = value.length > MOST_NUMBERS && value.every((entry) => typeof entry === 'number')
    return (numbers ? value.slice(0, MOST_NUMBERS) : value).map(shortened)
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shortened(entry)]))
}
