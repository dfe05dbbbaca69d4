import Anthropic from '@anthropic-ai/sdk'
import { type Recorder, stampUsage, type UsageStore } from '@withusage/core'
import { usage } from '@withusage/hono'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'
import OpenAI from 'openai'

interface Options {
  recorder: Recorder
  store: UsageStore
  openai?: OpenAI
  anthropic?: Anthropic
}

interface Question {
  model: string
  question: string
}

/**
 * A chat over two providers that answers in plain text. The text tells nothing of tokens, so each handler stamps what the
 * provider's client has told it, once the stream is over.
 */
export function createApp({ recorder, store, openai = new OpenAI(), anthropic = new Anthropic() }: Options): Hono {
  const app = new Hono()
  app.use('/chat/*', usage({ recorder, identify: (c) => ({ user: { id: c.req.header('x-user') ?? 'anonymous' } }) }))

  app.post('/chat/openai', async (c) => {
    const { model, question } = await c.req.json<Question>()
    const messages = [{ role: 'user' as const, content: question }]
    const stream = await openai.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    return streamText(c, async (out) => {
      for await (const { choices, usage, model: servedModel } of stream) {
        await out.write(choices[0]?.delta.content ?? '')
        if (usage) {
          stampUsage({
            provider: 'openai',
            requestedModel: model,
            servedModel,
            inputTokens: usage.prompt_tokens,
            outputTokens: usage.completion_tokens,
          })
        }
      }
    })
  })

  app.post('/chat/anthropic', async (c) => {
    const { model, question } = await c.req.json<Question>()
    const messages = [{ role: 'user' as const, content: question }]
    const stream = anthropic.messages.stream({ model, max_tokens: 1_024, messages })
    return streamText(c, async (out) => {
      for await (const event of stream)
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') await out.write(event.delta.text)
      const { model: servedModel, usage } = await stream.finalMessage()
      const { input_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: written } = usage
      stampUsage({
        provider: 'anthropic',
        requestedModel: model,
        servedModel,
        // Anthropic counts cached tokens apart; a record's input holds them.
        inputTokens: input_tokens + (read ?? 0) + (written ?? 0),
        outputTokens: usage.output_tokens,
        ...(read !== null && { cacheReadTokens: read }),
        ...(written !== null && { cacheWriteTokens: written }),
      })
    })
  })

  app.get('/usage', async (c) => {
    await recorder.flush()
    const range = { from: new Date(Date.now() - 86_400_000), to: new Date() }
    return c.json(await store.aggregate({ ...range, bucket: null, groupBy: ['userId', 'provider', 'servedModel'] }))
  })
  return app
}
