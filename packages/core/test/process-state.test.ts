import { cp, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expectStoredAccount } from '@withusage/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as first from '../src/index.ts'
import { type ProcessState, processState } from '../src/process.ts'
import { chatCompletion, json } from './support/bodies.ts'
import { ALWAYS, post } from './support/metered.ts'

type Core = typeof first

const PACKAGE = join(import.meta.dirname, '..')

/** Another copy of core, as a bundler or a second installation makes it: the same source, its own modules. */
let second: Core
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(PACKAGE, '.second-copy-'))
  await cp(join(PACKAGE, 'src'), folder, { recursive: true })
  second = await import(join(folder, 'index.ts'))
})
afterAll(() => rm(folder, { recursive: true }))

const warn = vi.fn()
let before: ProcessState

beforeEach(() => {
  before = { ...processState() }
  Object.assign(processState(), { configuration: null, defaultRecorder: null, transparent: false, warnings: new Map() })
  warn.mockClear()
  vi.spyOn(console, 'warn').mockImplementation(warn)
})
afterEach(() => {
  Object.assign(processState(), before)
  vi.restoreAllMocks()
})

function recording(): { recorder: first.Recorder; store: first.UsageStore; users(): Promise<string[]> } {
  const store = first.memoryStore()
  const recorder = first.createRecorder({ store })
  onTestFinished(() => expectStoredAccount(recorder, store))
  return {
    recorder,
    store,
    async users() {
      await recorder.flush()
      return (await store.records(ALWAYS)).records.map(({ userId }) => userId)
    },
  }
}

async function send(handler: (request: Request) => Promise<Response>): Promise<void> {
  await (await handler(post())).text()
}

const answer = (): Response => json(chatCompletion())

describe('Two copies of core in one process', () => {
  it('are two', () => {
    expect(second.withUsage).not.toBe(first.withUsage)
    expect(second.stampUsage).not.toBe(first.stampUsage)
  })

  it('share the context: one stamps the request that the other wraps', async () => {
    const { recorder, store } = recording()
    const handler = first.withUsage(
      () => {
        second.stampUsage({ model: 'qwen-7b', inputTokens: 1 })
        second.addUsage({ model: 'gpt-4o-mini', inputTokens: 2 })
        second.currentUsage()?.identify({ user: { id: 'ada' } })
        return answer()
      },
      { recorder },
    )
    await send(handler)
    await recorder.flush()
    const { records } = await store.records(ALWAYS)
    expect(records.map(({ userId, inputTokens }) => [userId, inputTokens]).toSorted()).toEqual([
      ['ada', 1],
      ['ada', 2],
    ])
  })

  it('share the configuration: one configures the handlers of the other', async () => {
    const { recorder, users } = recording()
    const handler = second.withUsage(answer)
    first.configureUsage({ recorder, identify: () => ({ user: { id: 'ada' } }) })
    await send(handler)
    await send(first.withUsage(answer))
    expect(await users()).toEqual(['ada', 'ada'])
  })

  it('share the recorder of a process that configured none', async () => {
    await send(first.withUsage(answer))
    await send(second.withUsage(answer))
    expect(processState().defaultRecorder?.stats().requests).toBe(2)
    await processState().defaultRecorder?.close()
  })

  it('join each other: a request that is wrapped twice is one', async () => {
    const { recorder, users } = recording()
    await send(first.withUsage(second.withUsage(answer, { recorder }), { recorder }))
    expect(await users()).toHaveLength(1)
    expect(recorder.stats().requests).toBe(1)
  })

  it('know the errors of one another', () => {
    const error = new second.UsageError('bad-stamp', 'of the second copy')
    expect(first.isUsageError(error, 'bad-stamp')).toBe(true)
    expect(first.isUsageError(error, 'limit')).toBe(false)
    expect(error).not.toBeInstanceOf(first.UsageError)
  })

  it('warn once between them', () => {
    first.stampUsage({ inputTokens: 1 })
    second.stampUsage({ inputTokens: 1 })
    expect(warn).toHaveBeenCalledTimes(1)
  })
})

describe('configureUsage', () => {
  it('a second time replaces the configuration for requests that begin afterwards, and warns once', async () => {
    const one = recording()
    const two = recording()
    const handler = first.withUsage(answer)
    first.configureUsage({ recorder: one.recorder })
    await send(handler)
    const open = await handler(post())
    first.configureUsage({ recorder: two.recorder })
    first.configureUsage({ recorder: two.recorder })
    await open.text()
    await send(handler)
    expect(await one.users()).toHaveLength(2)
    expect(await two.users()).toHaveLength(1)
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[0]).toContain('[configured-twice]')
  })

  it('with the same object does not warn', () => {
    const configuration = { recorder: null }
    first.configureUsage(configuration)
    first.configureUsage(configuration)
    second.configureUsage(configuration)
    expect(warn).not.toHaveBeenCalled()
  })

  it('is told to its onError instead, if it has one', () => {
    const told: string[] = []
    first.configureUsage({})
    first.configureUsage({ onError: ({ code }) => void told.push(code) })
    expect(told).toEqual(['configured-twice'])
    expect(warn).not.toHaveBeenCalled()
  })

  it("gives way to a handler's own options, one by one", async () => {
    const shared = recording()
    const own = recording()
    first.configureUsage({
      recorder: shared.recorder,
      identify: () => ({ user: { id: 'shared' } }),
      endpoint: 'shared',
      fallbackUser: { id: 'house' },
    })
    await send(first.withUsage(answer, { recorder: own.recorder, endpoint: 'own' }))
    await send(first.withUsage(answer, { recorder: own.recorder, identify: () => null }))
    await send(first.withUsage(answer, { recorder: own.recorder, identify: () => null, fallbackUser: null }))
    await send(first.withUsage(answer, { recorder: null }))
    await own.recorder.flush()
    const { records } = await own.store.records(ALWAYS)
    expect(records.map(({ userId, endpoint }) => [userId, endpoint]).toSorted()).toEqual([
      ['house', 'shared'],
      ['shared', 'own'],
    ])
    expect(own.recorder.stats().unrecorded).toEqual({ no_user: 1 })
    expect(shared.recorder.stats().requests).toBe(0)
  })

  it('with recorder: null turns metering off for all that do not turn it on', async () => {
    const { recorder, users } = recording()
    first.configureUsage({ recorder: null })
    const response = answer()
    expect(await first.withUsage(() => response)(post())).toBe(response)
    await send(first.withUsage(answer, { recorder }))
    expect(await users()).toEqual(['local'])
  })
})
