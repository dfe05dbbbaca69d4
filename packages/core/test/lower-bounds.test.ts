import { describe, expect, it } from 'vitest'
import type { UsageBucket } from '../src/types.ts'
import { chatCompletion, chatEvents, json, sse, sseEvent } from './support/bodies.ts'
import { ALWAYS, type Metering, metering, post } from './support/metered.ts'
import { readerOf } from './support/reading.ts'

const ANTHROPIC = [
  sseEvent(
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet',
        content: [],
        usage: { input_tokens: 25, cache_read_input_tokens: 10, output_tokens: 1 },
      },
    },
    'message_start',
  ),
  sseEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
  sseEvent(
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
    'content_block_delta',
  ),
  sseEvent(
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 15 } },
    'message_delta',
  ),
  sseEvent({ type: 'message_stop' }, 'message_stop'),
]

/** As vLLM sends it with `continuous_usage_stats`: the counts so far on every chunk. */
const VLLM = [1, 2, 3, 4, 5].map((completion_tokens) =>
  sseEvent({
    id: 'chatcmpl-9',
    object: 'chat.completion.chunk',
    model: 'llama-8b',
    choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: completion_tokens === 5 ? 'stop' : null }],
    usage: { prompt_tokens: 7, completion_tokens, total_tokens: 7 + completion_tokens },
  }),
)

/** The client reads some chunks and leaves. */
async function readAndLeave({ wrap }: Metering, events: string[], chunks: number): Promise<void> {
  const reader = readerOf(await wrap(() => sse(events))(post()))
  for (let read = 0; read < chunks; read++) await reader.read()
  await reader.cancel()
}

/** Upstream breaks after its events. */
async function readUntilBroken({ wrap }: Metering, events: string[]): Promise<void> {
  const left = [...events]
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const next = left.shift()
    if (next === undefined) throw new Error('upstream closed')
    controller.enqueue(new TextEncoder().encode(next))
  }
  const response = await wrap(
    () =>
      new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
        headers: { 'content-type': 'text/event-stream' },
      }),
  )(post())
  await expect(response.text()).rejects.toThrow('upstream closed')
}

async function total({ recorder, store }: Metering): Promise<UsageBucket | undefined> {
  await recorder.flush()
  return (await store.aggregate({ ...ALWAYS, bucket: null }))[0]
}

describe('A stream that is cut is recorded with the last word of the provider', () => {
  it('Anthropic, after message_start: the output count there is a placeholder, and so unknown', async () => {
    const meter = metering()
    await readAndLeave(meter, ANTHROPIC, 1)
    expect(await meter.record()).toMatchObject({
      outcome: 'cancelled',
      inputTokens: 35,
      outputTokens: null,
      totalTokens: 35,
      cacheReadTokens: 10,
      servedModel: 'claude-sonnet',
      final: false,
    })
    expect(await total(meter)).toMatchObject({ requests: 1, incomplete: 1, inputTokens: 35, outputTokens: null })
  })

  it('Anthropic, after the last count: final, though the client did not wait', async () => {
    const meter = metering()
    await readAndLeave(meter, ANTHROPIC, 4)
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', outputTokens: 15, final: true })
    expect(await total(meter)).toMatchObject({ incomplete: 0 })
  })

  it('vLLM, half-way: the counts so far, a lower bound', async () => {
    const meter = metering()
    await readAndLeave(meter, VLLM, 3)
    expect(await meter.record()).toMatchObject({
      outcome: 'cancelled',
      inputTokens: 7,
      outputTokens: 3,
      final: false,
      consistent: true,
    })
    expect(await total(meter)).toMatchObject({ requests: 1, incomplete: 1, outputTokens: 3 })
  })

  it('vLLM, whole: final', async () => {
    const meter = metering()
    await (await meter.wrap(() => sse(VLLM))(post())).text()
    expect(await meter.record()).toMatchObject({ outcome: 'complete', outputTokens: 5, final: true })
    expect(await total(meter)).toMatchObject({ incomplete: 0 })
  })

  it.each([
    ['Anthropic', ANTHROPIC.slice(0, 2), { inputTokens: 35, outputTokens: null }],
    ['vLLM', VLLM.slice(0, 2), { inputTokens: 7, outputTokens: 2 }],
  ])('%s, when upstream breaks', async (_, events, counts) => {
    const meter = metering()
    await readUntilBroken(meter, events)
    expect(await meter.record()).toMatchObject({ outcome: 'failed', final: false, ...counts })
    expect(await total(meter)).toMatchObject({ incomplete: 1 })
  })

  it('OpenAI, before its only count: nothing is known, and that is said', async () => {
    const cancelled = metering()
    await readAndLeave(cancelled, chatEvents(), 2)
    expect(cancelled.recorder.stats().unrecorded).toEqual({ cancelled: 1 })
    const failed = metering()
    await readUntilBroken(failed, chatEvents().slice(0, 2))
    expect(failed.recorder.stats().unrecorded).toEqual({ failed: 1 })
  })
})

describe('Unknown is null, never zero', () => {
  it('from the meter to the aggregate', async () => {
    const meter = metering()
    const answer = { ...chatCompletion(), usage: { prompt_tokens: 9 } }
    await (await meter.wrap(() => json(answer))(post())).text()
    expect(await meter.record()).toMatchObject({
      inputTokens: 9,
      outputTokens: null,
      cacheReadTokens: null,
      final: true,
    })
    expect(await total(meter)).toMatchObject({
      requests: 1,
      inputTokens: 9,
      outputTokens: null,
      cacheReadTokens: null,
      reasoningTokens: null,
      incomplete: 1,
    })
  })

  it("a provider's 0 stays 0", async () => {
    const meter = metering()
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 0,
      total_tokens: 9,
      prompt_tokens_details: { cached_tokens: 0 },
    }
    await (await meter.wrap(() => json(chatCompletion({ usage })))(post())).text()
    expect(await meter.record()).toMatchObject({ outputTokens: 0, cacheReadTokens: 0, reasoningTokens: null })
    expect(await total(meter)).toMatchObject({
      outputTokens: 0,
      cacheReadTokens: 0,
      reasoningTokens: null,
      incomplete: 0,
    })
  })

  it('a sum is that of what is known', async () => {
    const meter = metering()
    for (const usage of [{ prompt_tokens: 9 }, { prompt_tokens: 1, completion_tokens: 2 }])
      await (await meter.wrap(() => json(chatCompletion({ usage })))(post())).text()
    expect(await total(meter)).toMatchObject({ requests: 2, inputTokens: 10, outputTokens: 2, incomplete: 1 })
  })

  it('a body that cannot be read with certainty is no record', async () => {
    const meter = metering()
    const cut = '{"object":"chat.completion","usage":{"prompt_tokens":9,"completion_tokens":5}'
    const response = new Response(cut, { headers: { 'content-type': 'application/json' } })
    await (await meter.wrap(() => response)(post())).text()
    expect(meter.recorder.stats().unrecorded).toEqual({ unreadable_body: 1 })
  })
})
