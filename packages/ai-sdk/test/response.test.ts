import { withUsage } from '@withusage/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { metering } from './support/metering.ts'
import { type Provider, provider } from './support/provider.ts'
import { SDKS, WIRES } from './support/sdks.ts'
import type { Step } from './support/wire.ts'

const wire = WIRES['openai.responses']
const LOOKS_UP: Step = {
  ...{ id: 'one', says: { city: 'Oslo' } },
  used: { input: 20, cacheRead: 5, output: 7, reasoning: 2 },
}
const ANSWER: Step = { id: 'two', says: 'Sunny.', used: { input: 31, cacheRead: 12, output: 17, reasoning: 5 } }

describe.each(Object.entries(SDKS))("A response that is the stream of an agent's, with %s", (_, sdk) => {
  const { ai, models } = sdk
  const tools = {
    weather: ai.tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny ${city}` }),
  }
  const agent = (reached: Provider) =>
    new ai.ToolLoopAgent({ model: models['openai.responses']({ url: reached.url, fetch }), tools })

  it('is counted a line a step when it has gone out', async () => {
    const meter = metering()
    const reached = await provider(wire.stream(LOOKS_UP), wire.stream(ANSWER))
    const handler = withUsage(
      async () => (await agent(reached).stream({ prompt: 'How is the weather?' })).toUIMessageStreamResponse(),
      { recorder: meter.recorder },
    )
    const response = await handler(new Request('https://app.test/chat', { method: 'POST' }))
    expect(await response.text()).toContain('Sunny.')
    expect(await meter.records()).toMatchObject([
      { line: 0, evidence: 'upstream', outcome: 'complete', streamed: true, responseId: 'one', inputTokens: 20 },
      { line: 1, evidence: 'upstream', outcome: 'complete', streamed: true, responseId: 'two', inputTokens: 31 },
    ])
  })

  it('is counted as far as it has come when its client leaves, and the provider is left', async () => {
    const meter = metering()
    const reached = await provider(wire.stream(LOOKS_UP), {
      answer: wire.stream(ANSWER),
      chunks: 2,
      afterwards: 'waits',
    })
    const left = new AbortController()
    const handler = withUsage(
      async (request: Request) => {
        const result = await agent(reached).stream({ prompt: 'How is the weather?', abortSignal: request.signal })
        return result.toUIMessageStreamResponse()
      },
      { recorder: meter.recorder },
    )
    const response = await handler(new Request('https://app.test/chat', { method: 'POST', signal: left.signal }))
    const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    let text = ''
    while (!text.includes('tool-output-available') || reached.calls < 2)
      text += new TextDecoder().decode((await reader.read()).value)
    left.abort()
    await reader.cancel().catch(() => {})
    await reached.left
    expect(await meter.records()).toMatchObject([{ outcome: 'cancelled', responseId: 'one', inputTokens: 20 }])
  })
})
