/** A wire format of one's own, and the meter that reads it. */
import { createMeter, defineFormat, type FormatReading, type Reading } from '@withusage/core'
import { expectTypeOf } from 'expect-type'

const acme = defineFormat({
  name: 'acme-chat',
  operation: 'chat',
  matches: (event) => event.document && typeof event.data === 'object',
  start: () => ({ events: 0 }),
  read(seen, event) {
    expectTypeOf(seen).toEqualTypeOf<{ events: number }>()
    expectTypeOf(event.data).toEqualTypeOf<unknown>()
    return { events: seen.events + 1 }
  },
  finish(seen): FormatReading {
    expectTypeOf(seen.events).toEqualTypeOf<number>()
    return { model: null, responseId: null, lines: [], raw: null }
  },
})

export const meter = createMeter({ headers: new Headers() }, { formats: [acme] })
meter.write(new Uint8Array())
expectTypeOf(meter.end()).toEqualTypeOf<Reading>()

// @ts-expect-error the meter reads bytes
meter.write('text')
// @ts-expect-error a format without a fold is none
defineFormat({ name: 'none', operation: null, matches: () => true, start: () => 0, finish: acme.finish })
