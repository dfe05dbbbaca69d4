/**
 * A chat route over the OpenAI SDK, and what others do that count what such a call used. None was found on npm that meters
 * a response as it passes; these wrap the SDK that made it. What they have to send away stays in the process.
 */
import OpenAI from 'openai'
import { ANSWERS, type AnswerName } from './answers.ts'
import { type Handler, keep, WAYS, type Way } from './ways.ts'

/** An SDK whose upstream is in this process: the name of the model is that of an answer. */
function client(): OpenAI {
  return new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    fetch: async (_url, init) => {
      const { model } = JSON.parse(String(init?.body))
      return ANSWERS[model as AnswerName]().respond()
    },
  })
}

type See = (part: { model: string; usage?: unknown }) => void

/** Asks the SDK, and writes its answer as it comes. */
function chatRoute(openai: OpenAI, see: See = () => {}): Handler {
  const text = new TextEncoder()
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Say something.' }]

  return async (request) => {
    const [model = ''] = new URL(request.url).pathname.slice(1).split('/', 1)
    if (!model.startsWith('sse')) {
      const completion = await openai.chat.completions.create({ model, messages })
      see(completion)
      return Response.json(completion)
    }
    const stream_options = { include_usage: true }
    const parts = await openai.chat.completions.create({ model, messages, stream: true, stream_options })
    const iterator = parts[Symbol.asyncIterator]()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) {
          controller.enqueue(text.encode('data: [DONE]\n\n'))
          controller.close()
          return
        }
        see(value)
        controller.enqueue(text.encode(`data: ${JSON.stringify(value)}\n\n`))
      },
      async cancel() {
        await iterator.return?.()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

/** Spans as an exporter would have them, in memory, as many as the memory store holds records. */
async function keepSpans() {
  const [{ TracerProvider }, { AsyncLocalStorageContextManager }, { context, trace }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/api'),
  ])
  const spans: unknown[] = []
  const keeper = {
    onStart() {},
    onEnd(span: unknown) {
      if (spans.length >= 50_000) spans.length = 0
      spans.push(span)
    },
    async forceFlush() {},
    async shutdown() {},
  }
  const provider = new TracerProvider({ spanProcessors: [keeper] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  return provider
}

async function langfuse(): Promise<Handler> {
  await keepSpans()
  const { observeOpenAI } = await import('@langfuse/openai')
  return chatRoute(observeOpenAI(client()))
}

async function traceloop(): Promise<Handler> {
  const provider = await keepSpans()
  const { OpenAIInstrumentation } = await import('@traceloop/instrumentation-openai')
  const instrumentation = new OpenAIInstrumentation({ traceContent: false, enrichTokens: false })
  instrumentation.setTracerProvider(provider as never)
  instrumentation.manuallyInstrument(OpenAI as never)
  return chatRoute(client())
}

const metered = async (): Promise<Way> => WAYS.metered('memory')

export const PEERS: Record<string, () => Promise<Handler>> = {
  bare: async () => chatRoute(client()),
  'by hand': async () => chatRoute(client(), keep),
  langfuse,
  traceloop,
  metered: async () => (await metered())(chatRoute(client())),
}
