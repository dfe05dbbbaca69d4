import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UsageError } from '../src/errors.ts'
import { processState } from '../src/process.ts'
import { report } from '../src/report.ts'

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(() => {
  vi.useFakeTimers()
  warn.mockClear()
  processState().warnings.clear()
})
afterEach(() => void vi.useRealTimers())

const lines = (): string[] => warn.mock.calls.map(([line]) => String(line))

describe('Without onError', () => {
  it('a warning says what happened, and of its cause only what can hold no secret', () => {
    const cause = Object.assign(new Error('token sk-secret was refused'), { code: 'EACCES' })
    report(undefined, new UsageError('identify-failed', '[withusage] identify() failed', { cause }))
    expect(lines()).toEqual(['[withusage] identify() failed [identify-failed]: Error EACCES'])
  })

  it('there is one warning per code and minute, and the next says how many were held back', () => {
    for (let count = 0; count < 5; count++) report(undefined, new UsageError('record-lost', 'lost'))
    report(undefined, new UsageError('invariant', 'broken'))
    expect(lines()).toEqual(['lost [record-lost]', 'broken [invariant]'])
    vi.advanceTimersByTime(60_001)
    report(undefined, new UsageError('record-lost', 'lost'))
    expect(lines().at(-1)).toBe('lost [record-lost] (4 more of this kind since the last warning)')
  })

  it('a mistake of the program is said once', () => {
    report(undefined, new UsageError('stamp-outside-request', 'outside'))
    vi.advanceTimersByTime(3_600_000)
    report(undefined, new UsageError('stamp-outside-request', 'outside'))
    expect(lines()).toHaveLength(1)
  })
})
