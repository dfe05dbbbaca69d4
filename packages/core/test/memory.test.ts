import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RecorderStats } from '../src/recorder.ts'

interface Figures {
  longStream: { bare: number; metered: number }
  manyStreams: Record<'bare' | 'metered', { early: number; late: number }>
  hugeEvent: { untouched: boolean; most: number }
  hugeDocument: { untouched: boolean; most: number }
  stats: RecorderStats
}

const MEBIBYTE = 1024 * 1024
const SCRIPT = join(import.meta.dirname, 'support', 'memory.ts')

/** Bytes of heap and array buffers after a collection, above those before. */
let figures: Figures

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SCRIPT])
  figures = JSON.parse(stdout)
}, 120_000)

describe('Nothing grows without a bound', () => {
  it('holds next to nothing while 100 MiB go through one stream', ({ annotate }) => {
    const { bare, metered } = figures.longStream
    annotate(`bare ${bare} bytes, metered ${metered} bytes`)
    expect(metered - bare).toBeLessThan(MEBIBYTE)
  })

  it('holds a few kilobytes for each of 1,000 open streams, and no more as they go on', ({ annotate }) => {
    const { bare, metered } = figures.manyStreams
    annotate(
      `bare ${bare.late / 1_000} bytes a stream, metered ${metered.late / 1_000}, at first ${metered.early / 1_000}`,
    )
    expect((metered.late - bare.late) / 1_000).toBeLessThan(16 * 1024)
    expect(metered.late - metered.early).toBeLessThan(MEBIBYTE)
  })

  it('lets an event of 20 MiB go, holds little of a document of 50 MiB, and their bytes flow on', ({ annotate }) => {
    const { hugeEvent, hugeDocument, stats } = figures
    annotate(`at most ${hugeEvent.most} bytes held of the event, ${hugeDocument.most} of the document`)
    expect([hugeEvent.untouched, hugeDocument.untouched]).toEqual([true, true])
    expect(stats.unrecorded.too_large).toBe(1)
    expect(Math.max(hugeEvent.most, hugeDocument.most)).toBeLessThan(2 * 8 * MEBIBYTE + MEBIBYTE)
  })

  it('accounts for every one of them', () => {
    const { requests, recorded, unrecorded, inFlight } = figures.stats
    expect({ requests, recorded, unrecorded, inFlight }).toEqual({
      requests: 1_004,
      recorded: 0,
      unrecorded: { no_usage: 3, cancelled: 1_000, too_large: 1 },
      inFlight: 0,
    })
  })
})
