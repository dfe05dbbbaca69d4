import { once } from 'node:events'
import { request as requestTo } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stampUsage, withUsage } from '@withusage/core'
import { createBooks } from '@withusage/testing'
import type { Response as ExpressResponse, RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { usage } from '../src/index.ts'
import { toNodeHandler } from '../src/node.ts'
import { completion, EVENTS, EXPRESS, listen, send } from './support/serve.ts'

const STAMP = { model: 'qwen-7b', inputTokens: 21, outputTokens: 3 }
const stamped = { evidence: 'stamp', inputTokens: 21, outputTokens: 3 }

/** Sends a request and leaves as soon as the handler is at work. */
async function leaveDuring(url: string, entered: Promise<void>): Promise<void> {
  const outgoing = requestTo(`${url}/v1/chat/completions`, { method: 'POST' })
  outgoing.on('error', () => {}).end()
  await entered
  outgoing.destroy()
}

describe.each(EXPRESS)('%s', (_name, express) => {
  describe('A stamp counts', () => {
    const WAYS: Record<string, RequestHandler> = {
      'after `await pipeline()`': async (_request, response) => {
        await pipeline(Readable.from(EVENTS), response)
        stampUsage(STAMP)
      },
      'when the response is finished': (_request, response) => {
        response.on('finish', () => stampUsage(STAMP)).send('Hello')
      },
      'when the response is closed': (_request, response) => {
        response.on('close', () => stampUsage(STAMP)).send('Hello')
      },
    }

    it.each(Object.keys(WAYS))('%s', async (way) => {
      const { recorder, settled } = createBooks()
      const app = express()
        .use(usage({ recorder }))
        .post('/v1/chat/completions', WAYS[way] as RequestHandler)
      await send(`${await listen(app)}/v1/chat/completions`)
      expect(await settled()).toMatchObject([{ ...stamped, outcome: 'complete' }])
    })

    it('that a handler makes when its client leaves in the middle', async () => {
      const { recorder, settled } = createBooks()
      const entered = Promise.withResolvers<void>()
      const app = express().use(usage({ recorder }))
      app.post('/v1/chat/completions', async (_request, response) => {
        const closed = once(response, 'close')
        response.type('text/event-stream').write(EVENTS[0])
        entered.resolve()
        await closed
        stampUsage(STAMP)
      })
      await leaveDuring(await listen(app), entered.promise)
      expect(await settled()).toMatchObject([{ ...stamped, outcome: 'cancelled' }])
    })
  })

  describe('What a handler says whose client has left before it answered', () => {
    /** Handles one request, in the turn after its client has left. */
    async function leftBefore(late: (response: ExpressResponse) => unknown, options = {}) {
      const books = createBooks()
      const entered = Promise.withResolvers<void>()
      const app = express().use(usage({ recorder: books.recorder, ...options }))
      app.post('/v1/chat/completions', async (_request, response) => {
        entered.resolve()
        await once(response, 'close')
        await new Promise((resolve) => setTimeout(resolve))
        late(response)
      })
      await leaveDuring(await listen(app), entered.promise)
      const records = await books.settled()
      return { records, stats: books.recorder.stats() }
    }

    it('counts: a stamp', async () => {
      const { records } = await leftBefore((response) => {
        stampUsage(STAMP)
        response.json({})
      })
      expect(records).toMatchObject([{ ...stamped, outcome: 'cancelled' }])
    })

    it('counts: the usage in its answer', async () => {
      const { records } = await leftBefore((response) => response.json(completion))
      expect(records).toMatchObject([{ evidence: 'body', inputTokens: 9, outputTokens: 5, outcome: 'cancelled' }])
    })

    it.each<[name: string, late: (response: ExpressResponse) => unknown, account: object]>([
      ['a text', (response) => response.send('Hello'), { unrecorded: { cancelled: 1 } }],
      ['a stream without its usage', (response) => response.write(EVENTS[0]), { unrecorded: { cancelled: 1 } }],
      ['nothing', (response) => response.end(), { unrecorded: { cancelled: 1 } }],
      ['an error', (response) => response.status(500).send('sorry'), { ignored: { status_5xx: 1 } }],
    ])('is accounted for: %s', async (_name, late, account) => {
      const { records, stats } = await leftBefore(late)
      expect(records).toEqual([])
      expect(stats).toMatchObject({ requests: 1, ...account })
    })

    it('is waited for no longer than `idleTimeoutMs`', async () => {
      const { stats } = await leftBefore(() => {}, { idleTimeoutMs: 20 })
      expect(stats).toMatchObject({ requests: 1, unrecorded: { cancelled: 1 } })
    })
  })

  /** A middleware that lets a request on when its client has left. */
  function waiting() {
    const entered = Promise.withResolvers<void>()
    const wait: RequestHandler = async (_request, response, next) => {
      entered.resolve()
      await once(response, 'close')
      setTimeout(next)
    }
    return { entered: entered.promise, wait }
  }

  it('accounts for a request that reaches us when its client has left', async () => {
    const { recorder, settled } = createBooks()
    const { entered, wait } = waiting()
    const reached = Promise.withResolvers<void>()
    const answer: RequestHandler = (_request, response) => {
      response.json(completion)
      reached.resolve()
    }
    await leaveDuring(await listen(express().use(wait, usage({ recorder }), answer)), entered)
    await reached.promise
    expect(await settled()).toMatchObject([{ inputTokens: 9, outcome: 'cancelled' }])
    expect(recorder.stats()).toMatchObject({ requests: 1 })
  })

  it('counts one request where we are mounted twice, and its client left in between', async () => {
    const { recorder, settled } = createBooks()
    const { entered, wait } = waiting()
    const metered = usage({ recorder })
    const answer: RequestHandler = (_request, response) => void response.json(completion)
    await leaveDuring(await listen(express().use(metered, wait, metered, answer)), entered)
    expect(await settled()).toMatchObject([{ inputTokens: 9, outcome: 'cancelled' }])
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
  })
})

describe('A Fetch handler whose client has left before it answered', () => {
  it.each([
    ['counts as in Express: a stamp', () => stampUsage(STAMP), [{ ...stamped, outcome: 'cancelled' }]],
    ['has a body that nobody pulls, and that is not read', () => {}, []],
  ])('%s', async (_name, say, records) => {
    const { recorder, settled } = createBooks()
    const entered = Promise.withResolvers<void>()
    const handler = withUsage(
      async (request) => {
        entered.resolve()
        await once(request.signal, 'abort')
        say()
        return Response.json(completion)
      },
      { recorder },
    )
    await leaveDuring(await listen(toNodeHandler(handler)), entered.promise)
    expect(await settled()).toMatchObject(records)
    expect(recorder.stats()).toMatchObject({ requests: 1, inFlight: 0, recorded: records.length })
  })
})
