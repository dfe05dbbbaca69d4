import { expectStoredAccount } from '@withusage/testing'
import { onTestFinished } from 'vitest'
import type { UsageOptions } from '../../src/configuration.ts'
import type { UsageError } from '../../src/errors.ts'
import type { UsageRecord } from '../../src/record.ts'
import { createRecorder, type Recorder } from '../../src/recorder.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { UsageStore } from '../../src/types.ts'
import { type UsageHandler, withUsage } from '../../src/with-usage.ts'

/** The URL that a request of a test goes to, unless the test is about another. */
export const CHAT_URL = 'https://llm.test/v1/chat/completions'

/** All time, for queries. */
export const ALWAYS = { from: new Date(0), to: new Date('2100-01-01') }

/** A real recorder over a real store, and what metering reported. */
export interface Metering {
  recorder: Recorder
  store: UsageStore
  errors: UsageError[]
  /** Wraps a handler, reporting here. */
  wrap<Args extends readonly [request: Request, ...rest: unknown[]]>(
    handler: UsageHandler<Args>,
    options?: UsageOptions<Args>,
  ): (...args: Args) => Promise<Response>
  /** Flushes, and gives what was stored in the order of requests and lines. */
  records(): Promise<UsageRecord[]>
  /** The one record there is. */
  record(): Promise<UsageRecord>
}

/** A meter for one test. When the test is over nothing may be in flight, and the store must tell the same account. */
export function metering(store: UsageStore = memoryStore()): Metering {
  const errors: UsageError[] = []
  const onError = (error: UsageError): void => void errors.push(error)
  const recorder = createRecorder({ store, onError, batch: { intervalMs: 3_600_000 } })
  onTestFinished(() => expectStoredAccount(recorder, store))

  async function records(): Promise<UsageRecord[]> {
    await recorder.flush()
    const page = await store.records(ALWAYS)
    return page.records.toSorted(byRequestAndLine)
  }

  return {
    recorder,
    store,
    errors,
    wrap: (handler, options) => withUsage(handler, { recorder, onError, ...options }),
    records,
    async record() {
      const all = await records()
      if (all.length !== 1) throw new Error(`expected one record, got ${all.length}`)
      return all[0] as UsageRecord
    },
  }
}

function byRequestAndLine(a: UsageRecord, b: UsageRecord): number {
  if (a.requestId === b.requestId) return a.line - b.line
  return a.requestId < b.requestId ? -1 : 1
}

export function post(url = CHAT_URL, init: RequestInit = {}): Request {
  return new Request(url, { method: 'POST', ...init })
}
