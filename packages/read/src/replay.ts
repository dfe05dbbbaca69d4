import { createMeter, type Reading } from '@withusage/core'
import type { LoggedEvent } from './event-log.ts'
import { type Change, changed } from './place.ts'
import type { SavedResponse } from './saved-response.ts'

/** Reads logged events again, with other values in some places. */
export type Replay = (changes: readonly Change[]) => Reading

const encoder = new TextEncoder()

/** @param ended the stream's end mark follows, if it is one */
export function replayOf(events: readonly LoggedEvent[], response: SavedResponse, ended: boolean): Replay {
  const texts = events.map((event) => framed(event, event.data))
  const isDocument = events[0]?.document ?? false
  return function replay(changes) {
    const headers = new Headers(response.headers)
    headers.delete('content-encoding')
    headers.set('content-type', isDocument ? 'application/json' : 'text/event-stream')
    const sent = [...texts]
    for (const [at, some] of Map.groupBy(changes, ({ place }) => place.event)) {
      const event = events[at]
      if (event) sent[at] = framed(event, changed(event.data, some))
      else for (const { place, value } of some) headers.set(String(place.steps[0]), String(value))
    }
    const { url, method, status } = response
    const meter = createMeter({ url, method, status, headers })
    for (const text of sent) meter.write(encoder.encode(text))
    if (ended && !isDocument) meter.write(encoder.encode('data: [DONE]\n\n'))
    return meter.end()
  }
}

function framed({ name, document }: LoggedEvent, data: unknown): string {
  const json = JSON.stringify(data)
  if (document) return json
  return `${name === null ? '' : `event: ${name.replace(/[\r\n]/g, ' ')}\n`}data: ${json}\n\n`
}
