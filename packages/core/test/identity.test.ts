import { afterEach, describe, expect, it, vi } from 'vitest'
import { currentUsage, stampUsage } from '../src/context.ts'
import { localUser } from '../src/identity.ts'
import type { Identity } from '../src/types.ts'
import { chatCompletion, json } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { settled } from './support/reading.ts'

type Options = Parameters<Metering['wrap']>[1]

async function send({ wrap }: Metering, options: Options, work: () => void = () => {}): Promise<void> {
  const handler = wrap(() => {
    work()
    return json(chatCompletion())
  }, options)
  await (await handler(post())).text()
  await settled()
}

async function recordWith(options: Options, work?: () => void) {
  const meter = metering()
  await send(meter, options, work)
  return meter.record()
}

const ADA: Identity = {
  user: { id: 'u-1', name: 'Ada' },
  source: 'apikey',
  apiKey: { id: 'k-1', name: 'laptop' },
  project: { id: 'p-1' },
  tags: { team: 'search' },
}

describe('identify', () => {
  it('says who made the request', async () => {
    expect(await recordWith({ identify: () => ADA })).toMatchObject({
      userId: 'u-1',
      userName: 'Ada',
      source: 'apikey',
      apiKeyId: 'k-1',
      apiKeyName: 'laptop',
      projectId: 'p-1',
      tags: { team: 'search' },
    })
  })

  it('may say no more than the user: the source is then web', async () => {
    expect(await recordWith({ identify: () => ({ user: { id: 'u-1' } }) })).toMatchObject({
      userId: 'u-1',
      userName: null,
      source: 'web',
      apiKeyId: null,
      apiKeyName: null,
      projectId: null,
      tags: {},
    })
  })

  it('is asked once, with the arguments of the handler, after it has returned', async () => {
    const { wrap, record } = metering()
    const calls: unknown[][] = []
    const context = { user: undefined as string | undefined }
    const handler = wrap(
      async (_request: Request, session: typeof context) => {
        await settled()
        session.user = 'authenticated by the handler'
        return json(chatCompletion())
      },
      {
        identify(...args) {
          calls.push(args)
          return { user: { id: args[1].user as string } }
        },
      },
    )
    const request = post()
    await (await handler(request, context)).text()
    expect(calls).toEqual([[request, context]])
    expect(calls[0]?.[0]).toBe(request)
    expect(await record()).toMatchObject({ userId: 'authenticated by the handler' })
  })

  it('is not asked about a request that cannot become a record', async () => {
    const { wrap } = metering()
    const identify = vi.fn(() => ADA)
    await wrap(() => json({}, { status: 404 }), { identify })(post())
    await wrap(() => new Response(null, { status: 204 }), { identify })(post())
    await wrap(() => Promise.reject(new Error('no')), { identify })(post()).catch(() => {})
    expect(identify).not.toHaveBeenCalled()
  })

  it('is asked about a handler that threw after it had stamped: somebody pays for that', async () => {
    const { wrap, record } = metering()
    const broken = (): never => {
      stampUsage({ model: 'qwen-7b', inputTokens: 9 })
      throw new Error('the model is gone')
    }
    await wrap(broken, { identify: () => ADA })(post()).catch(() => {})
    expect(await record()).toMatchObject({ userId: 'u-1', outcome: 'failed', inputTokens: 9 })
  })

  it('delays neither the first byte nor the last', async () => {
    const { wrap, recorder, record } = metering()
    const answer = Promise.withResolvers<Identity>()
    const response = await wrap(() => json(chatCompletion()), { identify: () => answer.promise })(post())
    expect(await response.json()).toEqual(chatCompletion())
    expect(recorder.stats().inFlight).toBe(1)
    answer.resolve(ADA)
    await settled()
    expect(await record()).toMatchObject({ userId: 'u-1' })
  })

  it('that is still at work when the recorder closes gives way to the fallback', async () => {
    const { wrap, recorder, record } = metering()
    const options = { identify: () => new Promise<null>(() => {}), fallbackUser: { id: 'house' } }
    await (await wrap(() => json(chatCompletion()), options)(post())).text()
    await recorder.close({ timeoutMs: 1 })
    expect(await record()).toMatchObject({ userId: 'house', outcome: 'complete' })
  })
})

describe('When identify names no one', () => {
  afterEach(() => void vi.useRealTimers())

  const NO_ONE: [what: string, identify: () => Identity | null | undefined | Promise<Identity | null>, told: number][] =
    [
      ['gives null', () => null, 0],
      ['gives undefined', () => undefined, 0],
      ['gives null later', async () => null, 0],
      ['names a user without an id', () => ({ user: { id: '' } }), 0],
      ['names a user whose id is control characters', () => ({ user: { id: '\u0000\n' } }), 0],
      ['gives something else', () => 'ada' as unknown as Identity, 1],
      ['names a user by a number', () => ({ user: { id: 42 as unknown as string } }), 1],
      [
        'throws',
        () => {
          throw new Error('no database')
        },
        1,
      ],
      ['rejects', () => Promise.reject(new Error('no database')), 1],
    ]

  it.each(NO_ONE)('the fallback user pays: it %s', async (_, identify, told) => {
    const meter = metering()
    await send(meter, { identify, fallbackUser: { id: 'house', name: 'The house' } })
    expect(await meter.record()).toMatchObject({ userId: 'house', userName: 'The house', source: 'web' })
    expect(meter.errors.map(({ code }) => code)).toEqual(Array(told).fill('identify-failed'))
  })

  it.each(NO_ONE)('and there is no fallback user, the request is unrecorded: it %s', async (_, identify) => {
    const meter = metering()
    await send(meter, { identify })
    await meter.recorder.flush()
    expect(meter.recorder.stats()).toMatchObject({ recorded: 0, unrecorded: { no_user: 1 }, inFlight: 0 })
  })

  it('in time, the fallback user pays, and a late answer changes nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const meter = metering()
    const answer = Promise.withResolvers<Identity>()
    await send(meter, { identify: () => answer.promise, identifyTimeoutMs: 500, fallbackUser: { id: 'house' } })
    expect(meter.recorder.stats().inFlight).toBe(1)
    await vi.advanceTimersByTimeAsync(500)
    answer.resolve(ADA)
    expect(await meter.record()).toMatchObject({ userId: 'house' })
    expect(meter.errors.map(({ code }) => code)).toEqual(['identify-failed'])
  })
})

describe('Without identify', () => {
  it('the local user pays', async () => {
    expect(await recordWith({})).toMatchObject({ userId: 'local', source: 'web' })
    expect(localUser().id).toBe('local')
  })

  it('the fallback user pays, if there is one', async () => {
    expect(await recordWith({ fallbackUser: { id: 'house' } })).toMatchObject({ userId: 'house', userName: null })
  })

  it('and with fallbackUser: null nobody does', async () => {
    const meter = metering()
    await send(meter, { fallbackUser: null })
    expect(meter.recorder.stats().unrecorded).toEqual({ no_user: 1 })
  })
})

describe('The handle', () => {
  it('says who made the request, and wins over identify', async () => {
    const identify = vi.fn(() => ADA)
    const record = await recordWith({ identify }, () => currentUsage()?.identify({ user: { id: 'u-2' } }))
    expect(record).toMatchObject({ userId: 'u-2', userName: null, projectId: null })
    expect(identify).not.toHaveBeenCalled()
  })

  it('wins also over an answer that is already there', async () => {
    const { wrap, record } = metering()
    let identifyLate: (() => void) | undefined
    const handler = wrap(
      () => {
        const handle = currentUsage()
        identifyLate = () => handle?.identify({ user: { id: 'u-2' } })
        return json(chatCompletion())
      },
      { identify: () => ADA },
    )
    const response = await handler(post())
    identifyLate?.()
    await response.text()
    expect(await record()).toMatchObject({ userId: 'u-2' })
  })
})

describe('Text from outside', () => {
  it('is stripped of control characters, then cut at its limit', async () => {
    const long = 'x'.repeat(300)
    const record = await recordWith(
      {
        identify: () => ({
          user: { id: `u\u0000-1${long}`, name: 'A\nda\u2028' },
          source: long,
          apiKey: { id: long, name: 'lap\ud800top' },
          project: { id: long },
        }),
      },
      () => stampUsage({ model: `m${long}`, requestedModel: `r\t${long}`, correlationId: long, responseId: long }),
    )
    expect(record).toMatchObject({
      userId: `u-1${'x'.repeat(253)}`,
      userName: 'Ada',
      source: 'x'.repeat(64),
      apiKeyId: 'x'.repeat(256),
      apiKeyName: 'lap\ufffdtop',
      projectId: 'x'.repeat(256),
      servedModel: `m${'x'.repeat(255)}`,
      requestedModel: `r${'x'.repeat(255)}`,
      correlationId: 'x'.repeat(256),
      responseId: 'x'.repeat(256),
    })
  })

  it('tags are at most 32, of the identity first, then of the stamp', async () => {
    const tags = (name: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, `${at}`]))
    const record = await recordWith({ identify: () => ({ ...ADA, tags: tags('i', 30) }) }, () =>
      stampUsage({ tags: tags('s', 30) }),
    )
    expect(record.tags).toEqual({ ...tags('i', 30), s0: '0', s1: '1' })
  })

  it('a stamped tag replaces that of the identity', async () => {
    const record = await recordWith({ identify: () => ADA }, () => stampUsage({ tags: { team: 'ads', n: '1' } }))
    expect(record.tags).toEqual({ team: 'ads', n: '1' })
  })

  it('tags are cut, cleaned, and left out where nothing is left', async () => {
    const hostile = JSON.parse(
      `{"__proto__": "x", "${'k'.repeat(80)}": "${'v'.repeat(300)}", "gone": "\\n", "a\\tb": "c\\u0000"}`,
    )
    const record = await recordWith({
      identify: () => ({ ...ADA, tags: { ...hostile, number: 7 as unknown as string } }),
    })
    expect(Object.entries(record.tags).filter(([name]) => name !== '__proto__')).toEqual([
      ['k'.repeat(64), 'v'.repeat(256)],
      ['ab', 'c'],
    ])
    expect(Object.getPrototypeOf(record.tags)).toBe(Object.prototype)
  })
})
