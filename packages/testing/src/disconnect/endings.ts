import { expect } from 'vitest'
import type { Connection } from '../adapter/client/connection.ts'
import { COUNTED_AT_LAST, COUNTED_SO_FAR, word } from '../adapter/server/bodies.ts'
import { BROKEN, CUT_OFF, cutOff, type EndingScenario, LEFT, unknown, WHOLE } from './ending.ts'
import type { Stage } from './stage.ts'

/** An event that counts nothing. */
const UNCOUNTED = word('Hel')

/** A flowing upstream may have sent so many more chunks by the time it is cut off: those on their way are not called back. */
const FLOW = 64

/** What a flood may put into all buffers on its way, 64 KB each: a system may lend two of its sockets 32 MiB. */
const FLOOD = 2_048

type Leave = (connection: Connection) => void

const FIN: Leave = (connection) => connection.leave()
const RST: Leave = (connection) => connection.reset()

/** Every ending of the suite, in the order of the table; a server's shutdown comes after them. */
export const ENDINGS = {
  'read to the end': {
    title: 'a stream that is read to its end is counted whole',
    act: async (stage) => {
      const { upstream, response } = await stage.begin(COUNTED_SO_FAR)
      for (const event of COUNTED_AT_LAST) await upstream.send(event)
      await upstream.finish()
      expect((await response.rest()).ending).toBe('whole')
      return upstream.end
    },
    allowed: [{ ...WHOLE, upstream: 'ended' }],
  },

  'FIN while silent': {
    title: 'a client that closes while the upstream is silent',
    act: (stage) => leave(stage, COUNTED_SO_FAR, FIN),
    allowed: [{ ...LEFT, upstream: CUT_OFF }],
  },

  'FIN before any count': {
    title: 'a client that closes before anything was counted',
    act: (stage) => leave(stage, UNCOUNTED, FIN),
    allowed: [{ ...unknown('cancelled'), upstream: CUT_OFF }],
  },

  'FIN while chunks flow': {
    title: 'a client that closes while chunks flow',
    act: (stage) => leaveFlow(stage, FIN),
    allowed: [{ ...LEFT, upstream: `cut off within ${FLOW} more chunks` }],
  },

  'FIN before the response': {
    title: 'a client that closes while its handler waits for the upstream',
    act: (stage) => leaveEarly(stage, 'relay', FIN),
    // Nobody has told the call of it: its first chunk is answered with the end.
    allowed: [
      { ...unknown('cancelled'), upstream: 'cut off after 1 more chunks' },
      { ...unknown('cancelled'), upstream: 'cut off after 2 more chunks' },
    ],
  },

  'FIN before the response, signal passed on': {
    title: 'a client that closes while a handler waits that gave its signal to the upstream call',
    act: (stage) => leaveEarly(stage, 'relay-aborting', FIN),
    // The call that was given up rejects: the handler throws that, or its framework has answered it.
    allowed: [
      { account: 'ignored handler_error', outcome: null, tokens: null, upstream: CUT_OFF },
      { account: 'ignored status_5xx', outcome: null, tokens: null, upstream: CUT_OFF },
    ],
  },

  'RST while silent': {
    title: 'a client that breaks off while the upstream is silent',
    act: (stage) => leave(stage, COUNTED_SO_FAR, RST),
    allowed: [{ ...LEFT, upstream: CUT_OFF }],
  },

  'RST while chunks flow': {
    title: 'a client that breaks off while chunks flow',
    act: (stage) => leaveFlow(stage, RST),
    allowed: [{ ...LEFT, upstream: `cut off within ${FLOW} more chunks` }],
  },

  'RST before the response': {
    title: 'a client that breaks off while its handler waits for the upstream',
    act: (stage) => leaveEarly(stage, 'relay', RST),
    allowed: [
      { ...unknown('cancelled'), upstream: 'cut off after 1 more chunks' },
      { ...unknown('cancelled'), upstream: 'cut off after 2 more chunks' },
    ],
  },

  'half-close': {
    title: 'a client that closes its side and reads on is served to the end, or has left',
    act: halfClose,
    allowed: [
      { ...WHOLE, upstream: 'ended' },
      { ...LEFT, upstream: CUT_OFF },
    ],
  },

  'stalled reader leaves': {
    title: 'a client that stops reading holds the upstream back, and cuts it off when it leaves',
    act: async (stage) => {
      const upstream = await stall(stage)
      return upstream.leave()
    },
    allowed: [{ ...LEFT, upstream: CUT_OFF }],
  },

  'stalled reader past the idle timeout': {
    title: 'a client that stops reading for too long is settled with what was counted',
    mount: 'impatient',
    act: async (stage) => {
      const upstream = await stall(stage)
      await stage.settled()
      return upstream.leave()
    },
    allowed: [{ ...LEFT, upstream: CUT_OFF }],
  },

  'idle past the timeout': {
    title: 'a stream that is silent for too long is settled with what was counted; its client goes on',
    mount: 'impatient',
    act: (stage) => idle(stage, COUNTED_SO_FAR),
    allowed: [{ ...LEFT, upstream: CUT_OFF }],
  },

  'idle before any count': {
    title: 'a stream that is silent for too long before anything was counted; its client goes on',
    mount: 'impatient',
    act: (stage) => idle(stage, UNCOUNTED),
    allowed: [{ ...unknown('idle_timeout'), upstream: CUT_OFF }],
  },

  'FIN while silent, drained': {
    title: 'a client that closes where its body is drained: the upstream is read to its end, and counted whole',
    mount: 'draining',
    act: leaveDrained,
    allowed: [{ ...WHOLE, outcome: 'cancelled', upstream: 'ended' }],
  },

  'upstream breaks mid-event': {
    title: 'an upstream that breaks in the middle of an event breaks for the client too',
    act: (stage) => breakMidEvent(stage, COUNTED_SO_FAR),
    allowed: [{ ...BROKEN, upstream: 'broke' }],
  },

  'upstream breaks before any count': {
    title: 'an upstream that breaks before anything was counted',
    act: (stage) => breakMidEvent(stage, UNCOUNTED),
    allowed: [{ ...unknown('failed'), upstream: 'broke' }],
  },
} satisfies Record<string, EndingScenario>

async function leave(stage: Stage, event: string, go: Leave): Promise<string> {
  const { connection, upstream } = await stage.begin(event)
  go(connection)
  return cutOff(upstream)
}

async function leaveFlow(stage: Stage, go: Leave): Promise<string> {
  const { connection, upstream, response } = await stage.begin(COUNTED_SO_FAR)
  const more = word('on')
  for (let chunk = 0; chunk < 8; chunk++) await upstream.send(more)
  await response.atLeast(Buffer.byteLength(COUNTED_SO_FAR) + 8 * Buffer.byteLength(more))
  go(connection)
  return (await upstream.flowUntilCutOff(FLOW)) ? `cut off within ${FLOW} more chunks` : 'not cut off'
}

async function leaveEarly(stage: Stage, handler: 'relay' | 'relay-aborting', go: Leave): Promise<string> {
  const { connection, upstream } = await stage.ask(handler)
  go(connection)
  return cutOff(upstream)
}

async function halfClose(stage: Stage): Promise<string> {
  const { connection, upstream, response } = await stage.begin(COUNTED_SO_FAR)
  connection.halfClose()
  const more = await upstream.untilCutOff(0)
  if (more !== null) return `cut off after ${more} more chunks`
  for (const event of COUNTED_AT_LAST) await upstream.send(event)
  await upstream.finish()
  expect((await response.rest()).ending).toBe('whole')
  return upstream.end
}

/** Reads the first event, and nothing of the flood that follows. */
async function stall(stage: Stage): Promise<{ leave(): Promise<string> }> {
  const { connection, upstream } = await stage.begin(COUNTED_SO_FAR)
  expect(await upstream.flood(FLOOD)).toBeLessThan(FLOOD)
  return {
    leave: () => {
      connection.leave()
      return cutOff(upstream)
    },
  }
}

async function leaveDrained(stage: Stage): Promise<string> {
  const { connection, upstream } = await stage.begin(COUNTED_SO_FAR)
  connection.leave()
  const more = await upstream.untilCutOff(0)
  if (more !== null) return `cut off after ${more} more chunks`
  for (const event of COUNTED_AT_LAST) await upstream.send(event)
  await upstream.finish()
  return upstream.end
}

async function idle(stage: Stage, event: string): Promise<string> {
  const { connection, upstream, response } = await stage.begin(event)
  await stage.settled()
  const more = word('more')
  await upstream.send(more)
  await response.atLeast(Buffer.byteLength(event) + Buffer.byteLength(more))
  connection.leave()
  return cutOff(upstream)
}

async function breakMidEvent(stage: Stage, event: string): Promise<string> {
  const { upstream, response } = await stage.begin(event)
  await upstream.send(COUNTED_AT_LAST[0]?.slice(0, 40) ?? '')
  await upstream.break()
  return (await response.rest()).ending === 'cut' ? 'broke' : 'broke, and the client saw a whole response'
}
