import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

interface ResponsesRequest {
  model: string
  input: readonly { type?: string; content?: readonly { text: string }[] }[]
}

interface EmbeddingsRequest {
  model: string
  input: readonly string[]
}

/** What the model does one after the other, by how often it has been answered by a tool. */
const STEPS = [
  { name: 'orderStatus', arguments: { orderId: '7' }, input: 30, output: 6 },
  { name: 'searchHelp', arguments: { question: 'Can I send it back?' }, input: 50, output: 8 },
  { says: 'It left on Tuesday; returns are free.', input: 70, output: 12 },
] as const

/** In the place of OpenAI: an agent's three steps, and embeddings. Told to wait, it does not end the third. */
export async function startUpstream() {
  const left = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    if (request.url?.endsWith('/embeddings')) return embed(response, (await json(request)) as EmbeddingsRequest)
    const { model, input } = (await json(request)) as ResponsesRequest
    const answered = input.filter(({ type }) => type === 'function_call_output').length
    const waits = JSON.stringify(input).includes('wait')
    stream(response, model, answered, waits)
    if (waits && answered === 2) response.once('close', left.resolve)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    /** Resolves when the client of an answer that waits has left. */
    left: left.promise,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function embed(response: ServerResponse, { model, input }: EmbeddingsRequest): void {
  const data = input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: /back|return/i.test(text) ? [1, 0] : [0, 1],
  }))
  const usage = { prompt_tokens: 24, total_tokens: 24 }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ object: 'list', model, data, usage }))
}

function stream(response: ServerResponse, model: string, answered: number, waits: boolean): void {
  const step = STEPS[answered] ?? STEPS[2]
  const id = `resp_${answered}`
  const body = { id, object: 'response', created_at: 1_700_000_000, model }
  const tool = 'name' in step
  const item = tool
    ? { type: 'function_call', id: 'fc', call_id: id, name: step.name, arguments: JSON.stringify(step.arguments) }
    : { type: 'message', id: 'msg', role: 'assistant', content: [] }
  const events: { type: string; [field: string]: unknown }[] = [
    { type: 'response.created', response: { ...body, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item },
  ]
  if (!tool) events.push({ type: 'response.output_text.delta', item_id: 'msg', output_index: 0, delta: step.says })
  if (tool || !waits)
    events.push(
      { type: 'response.output_item.done', output_index: 0, item: { ...item, status: 'completed' } },
      { type: 'response.completed', response: { ...body, status: 'completed', usage: usageOf(step) } },
    )
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [sequence_number, event] of events.entries())
    response.write(`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
  if (tool || !waits) response.end()
}

const usageOf = ({ input, output }: { input: number; output: number }) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: input + output,
})
