import { expect, vi } from 'vitest'
import { PATIENCE } from '../client/control.ts'
import type { Side } from '../client/side.ts'
import { LARGE } from '../server/streams.ts'
import { recorded, type Scenario, STAMPED, unrecorded } from './scenario.ts'

/** A quarter of the body: the buffers of both kernels and both processes hold far less. */
const HELD_CHUNKS = LARGE.chunks / 4

/** Polls in a row that must find the handler where it was. */
const STILL = 12

/** Bodies that are large, or that nobody reads. */
export const flow = {
  'slow reader': {
    title: 'a client that stops reading stops the handler, and gets the rest when it reads on',
    act: stopAndReadOn,
    expected: recorded(STAMPED),
  },

  'request body unread': {
    title: 'a request body that the handler does not read stays unread',
    act: async (side) => {
      const { run, connection, response } = await side.send({ handler: 'unread', body: pattern(1_048_576) })
      const answer = await response.rest()
      connection.leave()
      return { answer, requestRead: (await side.control.witness(run)).requestRead }
    },
    expected: recorded(STAMPED),
  },

  'request body echoed': {
    title: 'a large request body comes back as it was sent',
    act: async (side) => {
      const answer = await side.exchange({ handler: 'echo', body: pattern(4_194_304) })
      expect(answer.bytes).toBe(4_194_304)
      return answer
    },
    expected: unrecorded('no_usage'),
  },
} satisfies Record<string, Scenario>

async function stopAndReadOn(side: Side): Promise<unknown> {
  const { run, response, connection } = await side.send({ handler: 'large' })
  await response.atLeast(1)
  expect(await chunksAtRest(side, run)).toBeLessThan(HELD_CHUNKS)
  const answer = await response.rest()
  connection.leave()
  expect(answer.bytes).toBe(LARGE.chunks * LARGE.chunkBytes)
  return answer
}

/** The chunks that the handler has made when it makes no more. */
async function chunksAtRest(side: Side, run: string): Promise<number> {
  let seen = -1
  let still = 0
  await vi.waitFor(async () => {
    const { chunks } = await side.control.witness(run)
    still = chunks === seen ? still + 1 : 0
    seen = chunks
    if (still < STILL) throw new Error(`the handler goes on making chunks: ${chunks}`)
  }, PATIENCE)
  return seen
}

function pattern(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8)) & 0xff))
}
