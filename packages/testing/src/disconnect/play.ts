import { randomUUID } from 'node:crypto'
import type { RecorderStats } from '@withusage/core'
import { Side } from '../adapter/client/side.ts'
import { COUNTED_SO_FAR, word } from '../adapter/server/bodies.ts'
import type { AccountReport } from '../adapter/server/scenario-server.ts'
import { booked, settledReport } from './books.ts'
import { cutOff, type EndingScenario, type Seen } from './ending.ts'
import { Stage } from './stage.ts'
import type { EndingServer } from './test-disconnect.ts'
import type { Upstream } from './upstream.ts'

/** Plays an ending, and waits for the books. */
export function playEnding(scenario: EndingScenario, server: EndingServer, upstream: Upstream): Promise<Seen> {
  return onSide(server[scenario.mount ?? 'metered'], async (side, since) => {
    const report = () => settledReport(side.control, side.stem, since)
    let late = false
    const stage = new Stage(side, upstream, async () => {
      late = (await report()).stats.inFlight > since.inFlight
    })
    const end = await scenario.act(stage)
    const { account, ...books } = await booked(await report(), since)
    return { account: late ? `${account}, late` : account, ...books, upstream: end }
  })
}

/** What a shutdown shows of three requests: one was counted, one was not, one was not answered. */
export const SHUT_DOWN: Seen = {
  account: 'recorded, 2 unrecorded cancelled',
  outcome: 'cancelled',
  tokens: '9 + 1',
  upstream: 'cut off after 0 more chunks',
}

/** Nobody was told of the end, and the books are gone with the process. */
const UNTOLD = { account: 'nothing', outcome: null, tokens: null }

/** Shuts the server down with requests open. */
export function playShutdown(server: EndingServer, upstream: Upstream): Promise<Seen> {
  return onSide(server.metered, async (side, since) => {
    const stage = new Stage(side, upstream, () => Promise.resolve())
    const open = [await stage.begin(COUNTED_SO_FAR), await stage.begin(word('Hel')), await stage.ask()]
    const report = await server.shutDown()
    const ends = new Set(await Promise.all(open.map((exchange) => cutOff(exchange.upstream))))
    const books = report ? await booked(ofSide(report, side), since) : UNTOLD
    return { ...books, upstream: [...ends].join(', ') }
  })
}

/** The last report tells of all records. */
function ofSide(report: AccountReport, { stem }: Side): AccountReport {
  const records = report.records.filter(({ correlationId }) => correlationId?.startsWith(`${stem}.`))
  return { ...report, records }
}

async function onSide(base: string, act: (side: Side, since: RecorderStats) => Promise<Seen>): Promise<Seen> {
  const side = new Side(base, `${randomUUID().slice(0, 8)}.ending`, [])
  try {
    const { stats } = await side.control.account('')
    return await act(side, stats)
  } finally {
    side.close()
  }
}
