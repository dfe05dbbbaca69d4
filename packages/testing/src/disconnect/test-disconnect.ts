import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AccountReport } from '../adapter/server/scenario-server.ts'
import type { EndingScenario, Seen } from './ending.ts'
import { ENDINGS } from './endings.ts'
import { playEnding, playShutdown, SHUT_DOWN } from './play.ts'
import { type EndingColumn, type EndingName, expectEndings } from './table.ts'
import { Upstream } from './upstream.ts'

/** A server that was started, by base URL; its handlers are those of `scenarioServer`, its control route is beside them. */
export interface EndingServer {
  /** Serves the handlers metered. */
  metered: string
  /** The same, with `IDLE_TIMEOUT_MS` as its `idleTimeoutMs`. */
  impatient: string
  /** The same, with `onDisconnect: 'drain'`. */
  draining: string
  /**
   * Asks the server to end, as a platform does (SIGTERM), with requests open, and resolves when it has: with the books
   * after its `recorder.close()`, and all their records; `null` where the platform tells nobody that it ends.
   */
  shutDown(): Promise<AccountReport | null>
  close(): Promise<void> | void
}

export interface DisconnectSuite {
  /** Starts the server, as a process of its own. */
  start(): Promise<EndingServer>
  /**
   * Where the platform shows something else, and why. Each is a row of the table with what the books say then, and a test
   * that it is still so.
   */
  gaps?: Partial<Record<EndingName, string>>
  /** Where the platform shows something else now and then, and why: either may be seen. */
  races?: Partial<Record<EndingName, Race>>
}

/** What the books may say of an ending instead of what every server promises; of the upstream's end, either is seen. */
export interface Race {
  why: string
  seen: Seen
}

/**
 * What every server promises when a request ends badly. The client speaks over a raw socket, the handler forwards an
 * upstream of this process, which sees how many more chunks it could send before it was cut off. For each ending: how the
 * request was accounted for, its outcome, the tokens known, and what became of the upstream.
 */
export function testDisconnect(server: { framework: string; runtime: string }, suite: DisconnectSuite): void {
  const { start, gaps = {}, races = {} } = suite
  describe(`${server.framework} on ${server.runtime}`, () => {
    const column: EndingColumn = { ...server, endings: {} }
    let started: EndingServer
    let upstream: Upstream

    beforeAll(async () => {
      upstream = await Upstream.listen()
      started = await start()
    })

    afterAll(async () => {
      await started?.close()
      upstream?.close()
    })

    /** A request that is still open would be settled among those of a later ending. */
    const startAfresh = async (): Promise<void> => {
      await started.close()
      started = await start()
    }

    const row = (name: EndingName, title: string, allowed: readonly Seen[], play: () => Promise<Seen>): void => {
      const gap = gaps[name]
      const race = races[name]
      test(`${name}: ${title}${gap === undefined ? '' : `: a gap, ${gap}`}`, async () => {
        const seen = await play()
        if (seen.account.startsWith('in flight')) await startAfresh()
        if (race) {
          column.endings[name] = { ...race.seen, race: race.why }
          const either = [...allowed, race.seen].map(({ upstream: _, ...books }) => books)
          const { upstream: _, ...books } = seen
          expect(either).toContainEqual(books)
          return
        }
        column.endings[name] = gap === undefined ? seen : { ...seen, gap }
        if (gap === undefined) expect(allowed).toContainEqual(seen)
        else expect(allowed, 'it is a gap no longer').not.toContainEqual(seen)
      })
    }

    for (const [name, scenario] of Object.entries(ENDINGS) as [EndingName, EndingScenario][])
      row(name, scenario.title, scenario.allowed, () => playEnding(scenario, started, upstream))

    row(
      'server shuts down',
      'a server that ends with requests open says what it knows of each',
      [SHUT_DOWN],
      async () => {
        const ending = await start()
        try {
          return await playShutdown(ending, upstream)
        } finally {
          await ending.close()
        }
      },
    )

    test('the table of runtime-tests/README.md shows this', () => expectEndings(column))
  })
}
