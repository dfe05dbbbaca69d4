import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Recorder } from '@withusage/core'
import { createBooks } from '@withusage/testing'
import { describe, expect, it, vi } from 'vitest'
import { usage } from '../src/index.ts'
import { usage as nodeUsage } from '../src/node.ts'
import { EXPRESS, type Handler, listen, open } from './support/serve.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const CHUNKS = 100
const CHUNK_BYTES = 1 << 20

/** The buffers of both kernels and both ends of the connection hold far less than a third of it. */
const AHEAD = 32

const chunkOf = (index: number): Buffer => Buffer.alloc(CHUNK_BYTES, index)

/** Memory outside the heap, where the bytes of bodies are. It is freed beside the program: the second collection waits for it. */
function heldBytes(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

const SERVERS: [name: string, listenerOf: (recorder: Recorder, handler: Handler) => RequestListener][] = [
  [
    'node:http',
    (recorder, handler) => {
      const metered = nodeUsage({ recorder })
      return (request, response) => metered(request, response, () => handler(request, response))
    },
  ],
  ...EXPRESS.map(([name, express]): (typeof SERVERS)[number] => [
    name,
    (recorder, handler) => express().use(usage({ recorder })).post('/v1/chat/completions', handler),
  ]),
]

/** Ways to send as many chunks as there are, each made when there is room for it. */
const WAYS: Record<string, (response: ServerResponse, next: () => Buffer | null) => unknown> = {
  pipe: (response, next) => {
    const source = new Readable({ read: () => void source.push(next()) })
    source.pipe(response)
  },
  'write and drain': (response, next) => {
    const more = (): void => {
      for (let chunk = next(); ; chunk = next()) {
        if (chunk === null) return void response.end()
        if (!response.write(chunk)) return void response.once('drain', more)
      }
    }
    more()
  },
}

describe.each(SERVERS)('100 MB in %s', (_name, listenerOf) => {
  it.each(Object.keys(WAYS))(
    'by %s to a client that is slow are made when it reads, and held by nobody',
    async (way) => {
      const { recorder, settled } = createBooks()
      let made = 0
      const next = (): Buffer | null => (made < CHUNKS ? chunkOf(made++) : null)
      const url = await listen(
        listenerOf(recorder, (_request, response) => {
          response.setHeader('content-type', 'application/octet-stream')
          WAYS[way]?.(response, next)
        }),
      )
      const before = heldBytes()
      const incoming = await open(`${url}/v1/chat/completions`)
      await atRest(() => made)
      expect(made).toBeLessThan(AHEAD)

      const { received, furthestAhead, mostHeld, sum } = await readSlowly(incoming, () => made)
      expect(received).toBe(CHUNKS * CHUNK_BYTES)
      expect(sum).toBe(sumOfAll())
      expect(furthestAhead).toBeLessThan(AHEAD)
      expect(mostHeld - before).toBeLessThan((CHUNKS / 2) * CHUNK_BYTES)
      await settled()
      expect(recorder.stats()).toMatchObject({ requests: 1, unrecorded: { no_usage: 1 } })
    },
  )
})

/** Waits until the handler has been found where it was, twelve times in a row. */
async function atRest(made: () => number): Promise<void> {
  let seen = -1
  let still = 0
  await vi.waitFor(
    () => {
      still = made() === seen ? still + 1 : 0
      seen = made()
      if (still < 12) throw new Error(`the handler goes on: ${seen}`)
    },
    { interval: 10, timeout: 10_000 },
  )
}

async function readSlowly(incoming: IncomingMessage, made: () => number) {
  const hash = createHash('sha256')
  const seen = { received: 0, furthestAhead: 0, mostHeld: 0 }
  let looked = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    hash.update(part)
    seen.received += part.length
    seen.furthestAhead = Math.max(seen.furthestAhead, made() - seen.received / CHUNK_BYTES)
    await new Promise((resolve) => setImmediate(resolve))
    if (seen.received / CHUNK_BYTES < looked) continue
    looked += 10
    seen.mostHeld = Math.max(seen.mostHeld, heldBytes())
  }
  return { ...seen, sum: hash.digest('hex') }
}

function sumOfAll(): string {
  const hash = createHash('sha256')
  for (let index = 0; index < CHUNKS; index++) hash.update(chunkOf(index))
  return hash.digest('hex')
}
