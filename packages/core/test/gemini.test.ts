import { describe, expect, it } from 'vitest'
import { json, sse, sseEvent, streamOf } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { chunksOf } from './support/reading.ts'

const MODEL = 'https://llm.test/v1beta/models/gemini-2.5-flash'
const INTERACTIONS = 'https://llm.test/v1beta/interactions'

function element(candidatesTokenCount: number, finishReason?: string): string {
  return JSON.stringify({
    candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount: 6, candidatesTokenCount, totalTokenCount: 6 + candidatesTokenCount },
    modelVersion: 'gemini-2.5-flash-001',
    responseId: 'resp-1',
  })
}

describe('A server of Gemini models', () => {
  const chunks = [`[${element(1)}`, `\n,\r\n${element(2)}`, `\n,\r\n${element(5, 'STOP')}`, '\n]']
  const streaming = () => new Response(streamOf(chunks), { headers: { 'content-type': 'application/json' } })

  it('has its arrays recorded as streams, and its clients read them as ever', async () => {
    const { wrap, record } = metering()
    const response = await wrap(streaming)(post(`${MODEL}:streamGenerateContent?key=secret`))

    expect(Buffer.concat(await chunksOf(response)).toString()).toBe(chunks.join(''))
    expect(await record()).toMatchObject({
      endpoint: '/models/{model}:streamGenerateContent',
      format: 'gemini-generate-content',
      operation: 'generate_content',
      streamed: true,
      outcome: 'complete',
      requestedModel: 'gemini-2.5-flash',
      servedModel: 'gemini-2.5-flash-001',
      responseId: 'resp-1',
      inputTokens: 6,
      outputTokens: 5,
      totalTokens: 11,
      final: true,
    })
  })

  it('has what a client saw of an array recorded when it leaves', async () => {
    const { wrap, record } = metering()
    const reader = (await wrap(streaming)(post(`${MODEL}:streamGenerateContent`))).body?.getReader()
    await reader?.read()
    await reader?.read()
    await reader?.cancel()
    expect(await record()).toMatchObject({ outcome: 'cancelled', inputTokens: 6, outputTokens: 2, final: false })
  })

  it('has embeddings recorded under the model of the path, which their bodies leave out', async () => {
    const { wrap, record } = metering()
    const answer = { embeddings: [{ values: [0.5] }], usageMetadata: { promptTokenCount: 7 } }
    await (await wrap(() => json(answer))(post(`${MODEL}:batchEmbedContents`))).text()
    expect(await record()).toMatchObject({
      endpoint: '/models/{model}:batchEmbedContents',
      operation: 'embeddings',
      servedModel: 'gemini-2.5-flash',
      inputTokens: 7,
      outputTokens: null,
    })
  })
})

describe("Gemini's interactions", () => {
  const usage = { total_tokens: 19, total_input_tokens: 12, total_output_tokens: 3, total_thought_tokens: 4 }
  const about = {
    id: 'v1_abc',
    object: 'interaction',
    model: 'gemini-3-flash-preview',
    created: '2026-05-15T18:52:05Z',
  }
  const working = { ...about, status: 'in_progress' }
  const done = { ...about, status: 'completed', usage }

  async function answer({ wrap, recorder }: Metering, response: Response, fetched = false): Promise<unknown> {
    const request = fetched ? post(`${INTERACTIONS}/v1_abc`, { method: 'GET' }) : post(INTERACTIONS)
    await (await wrap(() => response)(request)).text()
    await recorder.flush()
    return recorder.stats()
  }

  it('are billed once when they are answered and fetched again', async () => {
    const meter = metering()
    await answer(meter, json(done))
    expect(await answer(meter, json(done), true)).toMatchObject({ recorded: 1, ignored: { duplicate: 1 } })
    expect(await meter.record()).toMatchObject({ endpoint: '/v1beta/interactions', inputTokens: 12, outputTokens: 7 })
  })

  it('are billed once when they are made in the background, and fetched until they are done', async () => {
    const meter = metering()
    await answer(meter, json(working))
    await answer(meter, json(working), true)
    await answer(meter, json(done), true)
    expect(await answer(meter, json(done), true)).toMatchObject({ recorded: 1, ignored: { deferred: 2, duplicate: 1 } })
    expect(await meter.record()).toMatchObject({ endpoint: '/v1beta/interactions/{id}', totalTokens: 19 })
  })

  it('are unrecorded when their stream breaks off: nobody will fetch what that one cost', async () => {
    const begun = sseEvent({ event_type: 'interaction.created', interaction: working }, 'interaction.created')
    expect(await answer(metering(), sse([begun]))).toMatchObject({ unrecorded: { no_usage: 1 } })
  })

  it('are unrecorded when they end without usage', async () => {
    expect(await answer(metering(), json({ ...about, status: 'failed' }))).toMatchObject({
      unrecorded: { no_usage: 1 },
    })
  })
})
