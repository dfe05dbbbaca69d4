import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { IdleWatch } from '../src/idle-watch.ts'
import { json } from './support/bodies.ts'
import { metering, post } from './support/metered.ts'

describe('Where timers end with their request', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  /** Begins a watch, which looks at others and is stopped. */
  const begin = (): void => new IdleWatch(1_000, () => {}).stop()

  it('a watch has none, and is looked at by those that begin', () => {
    const onIdle = vi.fn()
    const watch = new IdleWatch(1_000, onIdle)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(999)
    watch.active()
    begin()
    vi.advanceTimersByTime(999)
    begin()
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    begin()
    begin()
    expect(onIdle).toHaveBeenCalledOnce()
  })

  it('each has its turn, however many never end', () => {
    const onIdle = vi.fn()
    const busy = Array.from({ length: 10 }, () => new IdleWatch(1_000_000, () => expect.fail('not idle')))
    const watch = new IdleWatch(1_000, onIdle)
    vi.advanceTimersByTime(1_000)
    for (let begun = 0; begun < 6; begun++) begin()
    expect(onIdle).toHaveBeenCalledOnce()
    for (const each of [...busy, watch]) each.stop()
  })

  it('a request whose handler never answers is accounted for once another begins', async () => {
    const { wrap, recorder } = metering()
    const options = { idleTimeoutMs: 1_000 }
    void wrap(() => new Promise<Response>(() => {}), options)(post())
    vi.advanceTimersByTime(1_000)
    await wrap(() => json({}, { status: 404 }), options)(post())
    expect(recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 }, ignored: { status_4xx: 1 }, inFlight: 0 })
  })
})
