import { describe, expect, it } from 'vitest'
import { codec, eventMessage } from './support/aws-messages.ts'
import { json, streamOf } from './support/bodies.ts'
import { ALWAYS, metering, post } from './support/metered.ts'

const EVENT_STREAM = 'application/vnd.amazon.eventstream'
const URL = 'https://llm.test/model/us.amazon.nova-lite-v1%3A0'

const messages = [
  eventMessage('messageStart', { role: 'assistant' }),
  eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hi' } }),
  eventMessage('messageStop', { stopReason: 'end_turn' }),
  eventMessage('metadata', { usage: { inputTokens: 6, outputTokens: 3, totalTokens: 31, cacheReadInputTokens: 22 } }),
]

function streaming(chunks: readonly Uint8Array[]): Response {
  return new Response(streamOf(chunks), { headers: { 'content-type': EVENT_STREAM } })
}

describe('A server of Bedrock models', () => {
  it('has its event streams recorded, and its clients read them as ever', async () => {
    const { wrap, record } = metering()
    const response = await wrap(() => streaming(messages))(post(`${URL}/converse-stream`))

    const received = new Uint8Array(await response.arrayBuffer())
    expect(codec.decode(received.slice(-(messages[3]?.length ?? 0))).headers[':event-type']?.value).toBe('metadata')
    expect(received).toEqual(new Uint8Array(Buffer.concat(messages)))
    expect(await record()).toMatchObject({
      endpoint: '/model/{modelId}/converse-stream',
      format: 'bedrock-converse',
      operation: 'chat',
      streamed: true,
      outcome: 'complete',
      requestedModel: 'us.amazon.nova-lite-v1:0',
      servedModel: 'us.amazon.nova-lite-v1:0',
      inputTokens: 28,
      outputTokens: 3,
      totalTokens: 31,
      cacheReadTokens: 22,
      final: true,
    })
  })

  it('has the counts of its headers recorded where a body has none', async () => {
    const { wrap, record } = metering()
    const headers = { 'x-amzn-bedrock-input-token-count': '5', 'x-amzn-bedrock-output-token-count': '10' }
    const answer = { outputs: [{ text: 'Hi', stop_reason: 'stop' }] }
    await (await wrap(() => json(answer, { headers }))(post(`${URL}/invoke`))).text()
    expect(await record()).toMatchObject({
      format: 'bedrock-invoke',
      inputTokens: 5,
      outputTokens: 10,
      evidence: 'body',
    })
  })

  it('counts a stream whose usage was damaged on its way as unreadable', async () => {
    const { wrap, recorder, store } = metering()
    const damaged = messages.map((message) => message.slice())
    damaged[3]?.fill(0x39, 150, 152)
    await (await wrap(() => streaming(damaged))(post(`${URL}/converse-stream`))).arrayBuffer()
    await recorder.flush()
    const rows = await store.account({ ...ALWAYS, bucket: null })
    expect(rows).toMatchObject([{ account: 'unrecorded', reason: 'unreadable_body', requests: 1 }])
  })
})
