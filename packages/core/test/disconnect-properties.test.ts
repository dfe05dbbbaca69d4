import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import type { OnDisconnect } from '../src/drain.ts'
import { createRecorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { withUsage } from '../src/with-usage.ts'
import { bytesOf, chatEvents } from './support/bodies.ts'
import { post } from './support/metered.ts'
import { settled } from './support/reading.ts'

const BODY = bytesOf(chatEvents(['Hel', 'lo', ' ', 'wor', 'ld']).join(''))

/** One client, one body, one policy. */
interface Scene {
  /** Lengths of the chunks; the last takes what is left. */
  cuts: number[]
  /** A chunk is there when it is asked for, or a turn later. */
  late: boolean
  kind: 'default' | 'bytes'
  /** What the body does after its last chunk. */
  ends: 'close' | 'error' | 'hang'
  reads: 'default' | 'byob'
  /** Chunks that the client reads. */
  leavesAfter: number
  /** The client leaves while it waits for one more. */
  waits: boolean
  leaves: 'cancel' | 'abort' | 'abort and cancel' | 'abort and read' | 'before the handler answers'
  policy: 'cancel' | 'drain' | 'tight' | 'full'
  /** Turns after which the recorder closes. */
  closesAfter: number
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  cuts: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 12 }),
  late: fc.boolean(),
  kind: fc.constantFrom('default', 'bytes'),
  ends: fc.constantFrom('close', 'error', 'hang'),
  reads: fc.constantFrom('default', 'byob'),
  leavesAfter: fc.nat({ max: 8 }),
  waits: fc.boolean(),
  leaves: fc.constantFrom('cancel', 'abort', 'abort and cancel', 'abort and read', 'before the handler answers'),
  policy: fc.constantFrom('cancel', 'drain', 'tight', 'full'),
  closesAfter: fc.nat({ max: 30 }),
})

const POLICIES: Record<Scene['policy'], OnDisconnect> = {
  cancel: 'cancel',
  drain: 'drain',
  tight: { drain: { maxBytes: 400 } },
  full: { drain: { maxConcurrent: 1 } },
}

/** A body, and what was done to it. */
function bodyOf({ cuts, late, kind, ends }: Scene) {
  const seen = { cancels: 0, pullsAfterCancel: 0, given: 0, ended: false }
  const lengths = [...cuts]
  async function pull(controller: ReadableStreamDefaultController<Uint8Array> & { byobRequest?: null }): Promise<void> {
    if (seen.cancels > 0) seen.pullsAfterCancel++
    if (late) await settled()
    if (seen.cancels > 0) return
    const chunk = BODY.slice(seen.given, seen.given + (lengths.shift() ?? BODY.length))
    seen.given += chunk.length
    if (chunk.length > 0) return controller.enqueue(chunk)
    if (ends === 'hang') return new Promise(() => {})
    seen.ended = true
    if (ends === 'error') return controller.error(new Error('the provider is gone'))
    controller.close()
    ;(controller.byobRequest as unknown as ReadableStreamBYOBRequest | null | undefined)?.respond(0)
  }
  const cancel = (): void => void seen.cancels++
  const stream =
    kind === 'bytes'
      ? new ReadableStream<Uint8Array>({
          type: 'bytes',
          pull,
          cancel,
        } as unknown as UnderlyingDefaultSource<Uint8Array>)
      : new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 })
  return { stream, seen }
}

type Told = { done: boolean; value?: Uint8Array | undefined }
type Client = { read(): Promise<Told>; cancel(): Promise<void> }

function clientOf(body: ReadableStream<Uint8Array>, { kind, reads }: Scene): Client {
  if (kind === 'default' || reads === 'default') return body.getReader()
  const reader = body.getReader({ mode: 'byob' })
  return { read: () => reader.read(new Uint8Array(100)), cancel: () => reader.cancel() }
}

/** What a client heard, and in which way. */
interface Heard {
  bytes: number[]
  last: 'chunk' | 'done' | 'error'
}

async function hear(client: Client, heard: Heard): Promise<void> {
  try {
    const { done, value } = await client.read()
    heard.bytes.push(...(value ?? []))
    heard.last = done ? 'done' : 'chunk'
  } catch {
    heard.last = 'error'
  }
}

/** Reads, leaves, and tells whether that was in the middle of the body. */
async function act(client: Client, scene: Scene, signal: AbortController, given: () => number, heard: Heard) {
  for (let chunk = 0; chunk < scene.leavesAfter && heard.last === 'chunk'; chunk++) {
    if (scene.ends === 'hang' && given() === BODY.length) break
    await hear(client, heard)
  }
  if (heard.last !== 'chunk') return false
  if (scene.waits) void hear(client, heard)
  if (scene.leaves.startsWith('abort')) signal.abort('left')
  if (scene.leaves === 'abort and read') void hear(client, heard)
  if (scene.leaves === 'cancel' || scene.leaves === 'abort and cancel') await client.cancel().catch(() => {})
  return true
}

async function play(scene: Scene) {
  const store = memoryStore()
  const onError = vi.fn()
  const recorder = createRecorder({ store, onError, batch: { intervalMs: 3_600_000 } })
  const answer = (body: ReadableStream<Uint8Array>, signal: AbortController, early = false): Promise<Response> =>
    withUsage(
      () => {
        if (early) signal.abort('left')
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
      { recorder, onError, onDisconnect: POLICIES[scene.policy] },
    )(post(undefined, { signal: signal.signal }))

  const seated = scene.policy === 'full' ? 1 : 0
  if (seated) {
    const silent = new ReadableStream({ pull: () => new Promise(() => {}) })
    await (await answer(silent, new AbortController())).body?.cancel()
  }
  const signal = new AbortController()
  const { stream, seen } = bodyOf(scene)
  const heard: Heard = { bytes: [], last: 'chunk' }
  const early = scene.leaves === 'before the handler answers'
  const { body } = await answer(stream, signal, early)
  const client = clientOf(body as ReadableStream<Uint8Array>, scene)
  const left = early || (await act(client, scene, signal, () => seen.given, heard))
  for (let turn = 0; turn < scene.closesAfter; turn++) await settled()
  await recorder.close({ timeoutMs: 0 })
  await settled()
  const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
  return { seen, heard, left, stats: recorder.stats(), records, onError, seated }
}

it('Whoever leaves, however, and whatever the policy: each request is settled once, and nobody is harmed', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => {
      const { seen, heard, left, stats, records, onError, seated } = await play(scene)
      const { requests, recorded, unrecorded, ignored, inFlight, drains } = stats
      const reasons = Object.values(unrecorded).reduce((sum, count) => sum + count, 0)
      expect({ requests, inFlight, ignored, all: recorded + reasons }).toEqual({
        requests: 1 + seated,
        inFlight: 0,
        ignored: {},
        all: 1 + seated,
      })
      expect(records).toHaveLength(recorded)
      expect(onError).not.toHaveBeenCalled()

      expect(heard.bytes).toEqual([...BODY.slice(0, heard.bytes.length)])
      const asked = scene.leavesAfter > 0 || scene.waits
      if (left && asked && scene.leaves === 'abort and read') expect(heard.last).toBe('error')

      const { finished = 0, ...cut } = drains?.ended ?? {}
      expect(drains?.running ?? 0).toBe(0)
      expect(seen.pullsAfterCancel).toBe(0)
      expect(seen.cancels).toBe(left && !seen.ended ? 1 : 0)
      if (scene.policy === 'cancel' || !left)
        expect({ finished, cut }).toEqual({ finished: 0, cut: seated ? { settled: 1 } : {} })

      const [record] = records
      const final = { final: true, inputTokens: 9, outputTokens: 5 }
      if (finished) expect(record).toMatchObject({ outcome: 'cancelled', ...final })
      else if (record && left) expect(record.outcome).toBe('cancelled')
      if (heard.last === 'done' && !left) expect(record).toMatchObject({ outcome: 'complete', ...final })
      for (const end of Object.keys(drains?.ended ?? {})) reached.add(end)
    }),
    { numRuns: 600 },
  )
  expect([...reached].sort()).toEqual(['broken', 'finished', 'full', 'settled', 'too_large'])
}, 60_000)
