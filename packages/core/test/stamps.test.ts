import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addUsage, currentUsage, stampUsage, type UsageHandle } from '../src/context.ts'
import { isUsageError, type UsageError } from '../src/errors.ts'
import { processState } from '../src/process.ts'
import type { UsageStamp } from '../src/stamp.ts'
import { bytesOf, chatCompletion, chatEvents, json, sse, sseEvent, streamFrom, streamOf } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { readerOf, settled } from './support/reading.ts'

const USAGE = { model: 'qwen-7b', inputTokens: 9, outputTokens: 5 }

async function read(response: Response): Promise<void> {
  await response.arrayBuffer()
}

/** The record of a request whose handler runs `work` and then sends a chat completion. */
async function recordOf(meter: Metering, work: () => void) {
  const handler = meter.wrap(() => {
    work()
    return sse(chatEvents())
  })
  await read(await handler(post()))
  return meter.record()
}

describe('A stamp works anywhere in the request', () => {
  it('in the cancel of a body whose client leaves', async () => {
    const { wrap, record, errors } = metering()
    const handler = wrap(() => new Response(new ReadableStream({ cancel: () => stampUsage(USAGE) })))
    const response = await handler(post())
    await response.body?.cancel()
    expect(await record()).toMatchObject({ evidence: 'stamp', outcome: 'cancelled', inputTokens: 9 })
    expect(errors).toEqual([])
  })

  it('in the finally of a generator whose client leaves', async () => {
    const { wrap, record, errors } = metering()
    async function* words() {
      try {
        for (;;) yield bytesOf('word ')
      } finally {
        await settled()
        stampUsage(USAGE)
      }
    }
    const reader = readerOf(await wrap(() => new Response(streamFrom(words())))(post()))
    await reader.read()
    await reader.cancel()
    expect(await record()).toMatchObject({ evidence: 'stamp', outcome: 'cancelled', outputTokens: 5 })
    expect(errors).toEqual([])
  })

  it('and what it was given may change afterwards', async () => {
    const meter = metering()
    const units = { images: 1 }
    const identity = { user: { id: 'ada' } }
    const handler = meter.wrap(() => {
      stampUsage({ ...USAGE, units })
      currentUsage()?.identify(identity)
      return sse(chatEvents())
    })
    const response = await handler(post())
    units.images = -1
    identity.user.id = 'bob'
    await read(response)
    expect(await meter.record()).toMatchObject({ units: { images: 1 }, userId: 'ada' })
  })

  it('before the response', async () => {
    const { wrap, record } = metering()
    const handler = wrap(async () => {
      await settled()
      stampUsage(USAGE)
      return new Response(streamOf(['Hello']))
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({ evidence: 'stamp', servedModel: 'qwen-7b', inputTokens: 9, outputTokens: 5 })
  })

  it.each([0, 1, 3])('in pull, with a queue of %i chunks', async (highWaterMark) => {
    const { wrap, record, errors } = metering()
    const handler = wrap(() => {
      let pulls = 0
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            stampUsage({ inputTokens: 9, outputTokens: ++pulls })
            if (pulls < 5) controller.enqueue(bytesOf('word '))
            else controller.close()
          },
        },
        { highWaterMark },
      )
      return new Response(body)
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({ evidence: 'stamp', inputTokens: 9, outputTokens: 5 })
    expect(errors).toEqual([])
  })

  it('in the pull of a byte stream', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => {
      let pulls = 0
      const body = new ReadableStream({
        type: 'bytes',
        pull(controller) {
          stampUsage({ inputTokens: 9, outputTokens: ++pulls })
          if (pulls < 3) controller.enqueue(bytesOf('word '))
          else controller.close()
        },
      })
      return new Response(body)
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 3 })
  })

  it('in the body of an async generator, also when the client reads from elsewhere', async () => {
    const { wrap, record } = metering()
    async function* generate(): AsyncGenerator<Uint8Array> {
      yield bytesOf('Hel')
      await settled()
      yield bytesOf('lo')
      stampUsage(USAGE)
    }
    const response = await wrap(() => new Response(streamFrom(generate())))(post())
    const reader = readerOf(response)
    while (!(await reader.read()).done) await settled()
    expect(await record()).toMatchObject({ evidence: 'stamp', inputTokens: 9, outputTokens: 5 })
  })

  it('after the last chunk, before the body ends', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      const write = async (): Promise<void> => {
        const writer = writable.getWriter()
        await writer.write(bytesOf('Hello'))
        await settled()
        stampUsage(USAGE)
        await writer.close()
      }
      void write()
      return new Response(readable, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({ evidence: 'stamp', inputTokens: 9, outputTokens: 5 })
  })

  it('through the handle, from outside the async context', async () => {
    const { wrap, record } = metering()
    let handle: UsageHandle | undefined
    const response = await wrap(() => {
      handle = currentUsage()
      return new Response(streamOf(['Hello']))
    })(post())
    expect(currentUsage()).toBeUndefined()
    expect(handle?.open).toBe(true)
    handle?.stamp({ ...USAGE, requestedModel: 'auto', servedModel: 'qwen-7b-instruct' })
    await read(response)
    expect(handle?.open).toBe(false)
    expect(await record()).toMatchObject({
      requestId: handle?.requestId,
      requestedModel: 'auto',
      servedModel: 'qwen-7b-instruct',
      inputTokens: 9,
    })
  })

  it('in identify', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => new Response(streamOf(['Hello'])), {
      identify: async () => {
        await settled()
        stampUsage(USAGE)
        return { user: { id: 'ada' } }
      },
    })
    const response = await handler(post())
    await settled()
    await settled()
    await read(response)
    expect(await record()).toMatchObject({ userId: 'ada', inputTokens: 9 })
  })
})

describe('Requests at the same time', () => {
  it('never see the stamps of one another', async () => {
    const meter = metering()
    const pauses = fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 })
    let sent = 0

    async function pause(turns: number): Promise<void> {
      for (let turn = 0; turn < turns; turn++) await settled()
    }

    async function send(number: number, [first = 0, second = 0, third = 0]: number[]): Promise<void> {
      async function* generate(): AsyncGenerator<Uint8Array> {
        await pause(second)
        stampUsage({ outputTokens: number })
        yield bytesOf('Hello')
        await pause(third)
        addUsage({ model: `extra-${number}`, inputTokens: number })
      }
      const handler = meter.wrap(async () => {
        stampUsage({ model: `model-${number}`, correlationId: `request-${number}` })
        await pause(first)
        stampUsage({ inputTokens: number })
        return new Response(streamFrom(generate()))
      })
      await read(await handler(post()))
    }

    await fc.assert(
      fc.asyncProperty(fc.array(pauses, { minLength: 2, maxLength: 8 }), async (requests) => {
        await Promise.all(requests.map((turns) => send(++sent, turns)))
      }),
      { numRuns: 30 },
    )
    const records = await meter.records()
    expect(records).toHaveLength(2 * sent)
    for (let number = 1; number <= sent; number++) {
      const lines = records.filter(({ correlationId }) => correlationId === `request-${number}`)
      expect(lines.map((line) => [line.servedModel, line.inputTokens, line.outputTokens])).toEqual([
        [`model-${number}`, number, number],
        [`extra-${number}`, number, null],
      ])
    }
  })
})

describe('Evidence', () => {
  it('a stamp wins over the body, and no count of the body is mixed in', async () => {
    const record = await recordOf(metering(), () => stampUsage({ inputTokens: 100 }))
    expect(record).toMatchObject({
      evidence: 'stamp',
      inputTokens: 100,
      outputTokens: null,
      totalTokens: 100,
      servedModel: 'qwen-7b',
      responseId: 'chatcmpl-1',
      format: 'openai-chat',
      raw: null,
    })
  })

  it('facts alone are no evidence: the counts are those of the body', async () => {
    const record = await recordOf(metering(), () =>
      stampUsage({ requestedModel: 'auto', correlationId: 'c-1', reasoningTokens: 3, tags: { team: 'search' } }),
    )
    expect(record).toMatchObject({
      evidence: 'body',
      inputTokens: 9,
      outputTokens: 5,
      reasoningTokens: null,
      requestedModel: 'auto',
      correlationId: 'c-1',
      tags: { team: 'search' },
    })
  })

  it('a model alone, without a body that tells, is unrecorded', async () => {
    const { wrap, recorder } = metering()
    const handler = wrap(() => {
      stampUsage({ model: 'qwen-7b' })
      return json({})
    })
    await read(await handler(post()))
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('an input count alone is evidence, as of embeddings', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => {
      stampUsage({ inputTokens: 7, operation: 'embeddings' })
      return json({})
    })
    await handler(post())
    expect(await record()).toMatchObject({ evidence: 'stamp', inputTokens: 7, outputTokens: null, totalTokens: 7 })
  })

  it('addUsage is always additional, and hides neither the body nor the stamp', async () => {
    const extra = { model: 'gpt-4o-mini', inputTokens: 800, outputTokens: 40 }
    const linesWith = async (work: () => void) => {
      const { wrap, records } = metering()
      const handler = wrap(() => {
        work()
        addUsage(extra)
        addUsage(extra)
        return json(chatCompletion())
      })
      await read(await handler(post()))
      return (await records()).map((line) => [line.line, line.evidence, line.servedModel, line.inputTokens])
    }
    const added = [
      [1, 'stamp', 'gpt-4o-mini', 800],
      [2, 'stamp', 'gpt-4o-mini', 800],
    ]
    expect(await linesWith(() => {})).toEqual([[0, 'body', 'qwen-7b', 9], ...added])
    expect(await linesWith(() => stampUsage({ inputTokens: 1 }))).toEqual([[0, 'stamp', null, 1], ...added])
  })

  it('what the request says of a filter stands on its first line', async () => {
    const { wrap, records } = metering()
    const handler = wrap(() => {
      stampUsage({ preFilterInputTokens: 12, postFilterInputTokens: 9 })
      addUsage({ model: 'guard', inputTokens: 3 })
      addUsage({ model: 'guard', inputTokens: 3, preFilterInputTokens: 5, postFilterInputTokens: 3 })
      return json(chatCompletion())
    })
    await read(await handler(post()))
    const filtered = (await records()).map((line) => [line.preFilterInputTokens, line.postFilterInputTokens])
    expect(filtered).toEqual([
      [12, 9],
      [null, null],
      [5, 3],
    ])
  })

  it('addUsage alone makes a record of a body that tells nothing', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => {
      addUsage({ model: 'a', inputTokens: 1, preFilterInputTokens: 5, postFilterInputTokens: 3 })
      return json({})
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({
      line: 0,
      servedModel: 'a',
      inputTokens: 1,
      outputTokens: null,
      preFilterInputTokens: 5,
      postFilterInputTokens: 3,
    })
  })

  it('lines past the limit of a request are dropped and told', async () => {
    const { wrap, records, errors } = metering()
    const handler = wrap(() => {
      for (let line = 0; line < 1_002; line++) addUsage({ inputTokens: 1 })
      return json({})
    })
    await read(await handler(post()))
    expect(await records()).toHaveLength(1_000)
    expect(errors.map(({ code }) => code)).toEqual(['limit', 'limit'])
  })
})

describe('Stamps are merged', () => {
  it('field by field: a later stamp replaces what it names', async () => {
    const record = await recordOf(metering(), () => {
      stampUsage({ model: 'first', inputTokens: 1, outputTokens: 1, correlationId: 'one', tags: { a: '1', b: '1' } })
      stampUsage({ outputTokens: 5, cacheReadTokens: 1, tags: { b: '2', c: '2' } })
      stampUsage({ model: 'last', inputTokens: 9 })
    })
    expect(record).toMatchObject({
      servedModel: 'last',
      inputTokens: 9,
      outputTokens: 5,
      totalTokens: 14,
      cacheReadTokens: 1,
      correlationId: 'one',
      tags: { a: '1', b: '2', c: '2' },
    })
  })

  it('undefined names nothing, and null takes a count back', async () => {
    const merged: UsageStamp = { inputTokens: null }
    const record = await recordOf(metering(), () => {
      stampUsage({ model: 'qwen-7b', inputTokens: 9, outputTokens: 5 })
      stampUsage({ ...merged, outputTokens: undefined, model: undefined } as unknown as UsageStamp)
    })
    expect(record).toMatchObject({ servedModel: 'qwen-7b', inputTokens: null, outputTokens: 5 })
  })

  it('every fact that a stamp can hold is in the record', async () => {
    const counts = { preFilterInputTokens: 12, postFilterInputTokens: 9, prefillTokens: 2, draftTokens: 4 }
    const facts = { requestedModel: 'auto', servedModel: 'qwen', operation: 'chat', provider: 'local' }
    const ids = { correlationId: 'c-1', responseId: 'r-1', serviceTier: 'flex', providerCostNanoUsd: 7 }
    const record = await recordOf(metering(), () =>
      stampUsage({ ...USAGE, ...counts, ...facts, ...ids, units: { images: 1 } }),
    )
    expect(record).toMatchObject({ ...counts, ...facts, ...ids, units: { images: 1 } })
  })

  it('the model and the served model are two names of one fact, and the later wins', async () => {
    const served = async (...stamps: UsageStamp[]) => {
      const record = await recordOf(metering(), () => {
        for (const stamp of stamps) stampUsage(stamp)
      })
      return record.servedModel
    }
    expect(await served({ model: 'a' }, { servedModel: 'b' })).toBe('b')
    expect(await served({ servedModel: 'a' }, { model: 'b' })).toBe('b')
    expect(await served({ model: 'a', servedModel: 'b' })).toBe('b')
  })

  it('an added line takes no provider, operation or id of the request', async () => {
    const { wrap, records } = metering()
    const handler = wrap(() => {
      stampUsage({ ...USAGE, provider: 'anthropic', operation: 'chat', responseId: 'msg_1' })
      addUsage({ model: 'gpt-4o-mini', inputTokens: 1 })
      return json({})
    })
    await handler(post())
    expect((await records())[1]).toMatchObject({ provider: null, operation: null, responseId: null, line: 1 })
  })
})

describe('A stamped served model', () => {
  it('replaces the model of a single line', async () => {
    const record = await recordOf(metering(), () => stampUsage({ servedModel: 'qwen-7b-fp8' }))
    expect(record).toMatchObject({ evidence: 'body', servedModel: 'qwen-7b-fp8' })
  })

  it('leaves the models of several lines alone', async () => {
    const { wrap, records } = metering()
    const usage = (model: string, input: number) => ({ type: 'message', model, input_tokens: input, output_tokens: 2 })
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus',
      content: [],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 30,
        output_tokens: 4,
        iterations: [usage('claude-haiku', 10), { ...usage('claude-opus', 20), type: 'fallback_message' }],
      },
    }
    const handler = wrap(() => {
      stampUsage({ servedModel: 'stamped', tags: { a: '1' } })
      return json(message)
    })
    await read(await handler(post('https://llm.test/v1/messages')))
    const lines = await records()
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.map(({ servedModel }) => servedModel)).not.toContain('stamped')
    expect(lines.map(({ tags }) => tags)).toEqual(lines.map(() => ({ a: '1' })))
  })
})

describe('A bad stamp throws at its caller and changes nothing', () => {
  const BAD: [what: string, stamp: unknown][] = [
    ['a negative count', { inputTokens: -1 }],
    ['a fraction', { outputTokens: 1.5 }],
    ['NaN', { inputTokens: Number.NaN }],
    ['infinity', { inputTokens: Number.POSITIVE_INFINITY }],
    ['a count past 2^53', { inputTokens: 2 ** 53 }],
    ['a string', { inputTokens: '9' }],
    ['a bigint', { inputTokens: 9n }],
    ['a subset above its total', { inputTokens: 9, cacheReadTokens: 10 }],
    ['a subset above a total stamped before', { reasoningTokens: 6 }],
    ['an hour cache above the cache', { cacheWriteTokens: 1, cacheWrite1hTokens: 2 }],
    ['a model that is no string', { model: 7 }],
    ['a tag that is no string', { tags: { a: 1 } }],
    ['tags that are no object', { tags: 'a' }],
    ['a unit no one knows', { units: { potatoes: 1 } }],
    ['a unit that is no number', { units: { images: Number.NaN } }],
    ['nothing', null],
    ['a number', 5],
  ]

  it.each(BAD)('%s', async (_, stamp) => {
    const meter = metering()
    const thrown: unknown[] = []
    const record = await recordOf(meter, () => {
      stampUsage({ inputTokens: 9, outputTokens: 5, tags: { kept: 'yes' } })
      try {
        stampUsage(stamp as UsageStamp)
      } catch (error) {
        thrown.push(error)
      }
    })
    expect(thrown.map((error) => isUsageError(error, 'bad-stamp'))).toEqual([true])
    expect(record).toMatchObject({
      inputTokens: 9,
      outputTokens: 5,
      cacheReadTokens: null,
      reasoningTokens: null,
      servedModel: 'qwen-7b',
      tags: { kept: 'yes' },
      units: null,
    })
    expect(meter.errors).toEqual([])
  })

  it.each([...BAD.filter(([what]) => what !== 'a subset above a total stamped before'), ['no counts', { model: 'a' }]])(
    'as an added line: %s',
    async (_, line) => {
      const meter = metering()
      await recordOf(meter, () => expect(() => addUsage(line as UsageStamp)).toThrow(/Nothing was/))
      expect((await meter.record()).evidence).toBe('body')
    },
  )

  it('does not repeat the text it was given', () => {
    const seen: UsageError[] = []
    const { wrap } = metering()
    const handler = wrap(() => {
      try {
        stampUsage({ inputTokens: 'a secret' as unknown as number })
      } catch (error) {
        seen.push(error as UsageError)
      }
      return json({})
    })
    return handler(post())
      .then(read)
      .then(() => {
        expect(seen[0]?.message).toContain('inputTokens')
        expect(seen[0]?.message).not.toContain('a secret')
      })
  })

  it('fails the request when the handler does not catch it', async () => {
    const { wrap, recorder } = metering()
    const handler = wrap(() => {
      stampUsage({ inputTokens: -1 })
      return json({})
    })
    await expect(handler(post())).rejects.toThrow('inputTokens must be a whole number, not negative; got -1')
    expect(recorder.stats().ignored).toEqual({ handler_error: 1 })
  })
})

describe('A stamp that belongs to no open request', () => {
  const warn = vi.fn()
  beforeEach(() => {
    processState().warnings.clear()
    processState().transparent = false
    warn.mockClear()
    vi.spyOn(console, 'warn').mockImplementation(warn)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    processState().configuration = null
  })

  it('outside any request does nothing and warns once', () => {
    stampUsage(USAGE)
    addUsage(USAGE)
    stampUsage(USAGE)
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[0]).toContain('stampUsage() was called outside any request')
  })

  it('outside any request is told to the onError of the process', () => {
    const told: UsageError[] = []
    processState().configuration = { onError: (error) => void told.push(error) }
    addUsage(USAGE)
    expect(told.map(({ code }) => code)).toEqual(['stamp-outside-request'])
    expect(warn).not.toHaveBeenCalled()
  })

  it('after its request was settled does nothing and is told', async () => {
    const { wrap, record, errors } = metering()
    let handle: UsageHandle | undefined
    await read(
      await wrap(() => {
        handle = currentUsage()
        return sse(chatEvents())
      })(post()),
    )
    handle?.stamp({ inputTokens: 100 })
    handle?.add({ inputTokens: 100 })
    handle?.identify({ user: { id: 'eve' } })
    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('stamp-outside-request'))
    expect(await record()).toMatchObject({ inputTokens: 9, userId: 'local' })
  })

  it('with recorder: null is silent', async () => {
    const { wrap } = metering()
    let handle: UsageHandle | undefined
    const handler = wrap(
      () => {
        handle = currentUsage()
        stampUsage(USAGE)
        addUsage({ inputTokens: -1 })
        handle?.identify({ user: { id: 'ada' } })
        return new Response(streamOf(['Hello']))
      },
      { recorder: null },
    )
    await read(await handler(post()))
    handle?.stamp(USAGE)
    stampUsage(USAGE)
    expect(warn).not.toHaveBeenCalled()
  })
})

describe('withUsage inside withUsage', () => {
  it('joins the outer request while that is open', async () => {
    const outer = metering()
    const inner = metering()
    const handler = outer.wrap(
      inner.wrap(() => {
        stampUsage(USAGE)
        return sse(chatEvents())
      }),
    )
    await read(await handler(post()))
    expect(inner.recorder.stats().requests).toBe(0)
    expect(await outer.record()).toMatchObject({ evidence: 'stamp', inputTokens: 9 })
  })

  it('joins it also when the inner one would not meter', async () => {
    const outer = metering()
    const inner = outer.wrap(
      () => {
        stampUsage(USAGE)
        return json({})
      },
      { recorder: null },
    )
    await read(await outer.wrap(inner)(post()))
    expect(await outer.record()).toMatchObject({ evidence: 'stamp', inputTokens: 9 })
  })

  it('meters on its own inside one that does not', async () => {
    const inner = metering()
    const handler = inner.wrap(
      inner.wrap(() => json(chatCompletion())),
      { recorder: null },
    )
    await read(await handler(post()))
    expect(await inner.record()).toMatchObject({ inputTokens: 9 })
  })

  it('is a request of its own once the outer one is settled', async () => {
    const meter = metering()
    const later: Promise<Response>[] = []
    const inner = meter.wrap(() => json(chatCompletion()))
    const outer = meter.wrap(() => {
      later.push(settled().then(() => inner(post())))
      return new Response(null, { status: 204 })
    })
    await outer(post())
    for (const response of later) await read(await response)
    expect(meter.recorder.stats()).toMatchObject({ requests: 2, ignored: { not_inference: 1 } })
    expect(await meter.record()).toMatchObject({ inputTokens: 9 })
  })
})

describe('Stamps beside events', () => {
  it('a body that is read twice as fast as it is stamped is one record', async () => {
    const { wrap, record } = metering()
    const handler = wrap(() => {
      async function* generate(): AsyncGenerator<Uint8Array> {
        for (let word = 1; word <= 50; word++) {
          yield bytesOf(sseEvent({ word }))
          stampUsage({ outputTokens: word })
        }
      }
      return new Response(streamFrom(generate()), { headers: { 'content-type': 'text/event-stream' } })
    })
    await read(await handler(post()))
    expect(await record()).toMatchObject({ outputTokens: 50, inputTokens: null, streamed: true })
  })
})
