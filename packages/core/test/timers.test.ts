import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTurn, unref } from '../src/timers.ts'

afterEach(() => void vi.unstubAllGlobals())

describe('A timer that must not keep its process alive', () => {
  it('is let go itself where it is an object', () => {
    const timer = setTimeout(() => {}, 60_000)
    unref(timer)
    expect(timer.hasRef()).toBe(false)
    clearTimeout(timer)
  })

  it('is let go by Deno where it is a number', () => {
    const unrefTimer = vi.fn()
    vi.stubGlobal('Deno', { unrefTimer })
    unref(7)
    expect(unrefTimer.mock.calls).toEqual([[7]])
  })

  it('needs nothing where it is a number and the runtime ends anyway', () => {
    expect(() => unref(7)).not.toThrow()
  })
})

describe('A turn of the event loop', () => {
  it('is given where setImmediate throws, as in the edge runtime of Next, and where there is none', async () => {
    const throws = vi.fn(() => {
      throw new Error('not supported in the Edge Runtime')
    })
    vi.stubGlobal('setImmediate', throws)
    await nextTurn()
    expect(throws).toHaveBeenCalledTimes(1)

    vi.stubGlobal('setImmediate', undefined)
    await nextTurn()
  })
})
