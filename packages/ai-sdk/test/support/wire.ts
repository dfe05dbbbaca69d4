/** An answer as it goes over the wire; each chunk is written by itself. */
export interface Answer {
  type: string
  chunks: readonly string[]
}

/** What a model does in one call. */
export interface Step {
  /** The provider's id of the response. */
  id: string
  /** It says this; else it asks for the weather, with these arguments. */
  says: string | { city: string }
  /** What the provider counts, as its users are told; `null`: it does not say. */
  used: Used | null
}

export interface Used {
  input: number
  cacheRead: number
  output: number
  reasoning: number
}

/** A wire format, whole and streamed. */
export interface Wire {
  whole(step: Step): Answer
  stream(step: Step): Answer
}

export const json = (body: unknown): Answer => ({ type: 'application/json', chunks: [JSON.stringify(body)] })

type Event = { type: string } & Record<string, unknown>

const typed = (events: readonly Event[]): Answer => ({
  type: 'text/event-stream',
  chunks: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
})

const toolOf = (says: Step['says']): string | null => (typeof says === 'string' ? null : JSON.stringify(says))

export const openaiChat: Wire = {
  whole({ id, says, used }) {
    const tool = toolOf(says)
    const message = tool
      ? {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: `call_${id}`, type: 'function', function: { name: 'weather', arguments: tool } }],
        }
      : { role: 'assistant', content: says }
    const choice = { index: 0, message, finish_reason: tool ? 'tool_calls' : 'stop' }
    return json({
      ...chatHead(id),
      object: 'chat.completion',
      choices: [choice],
      ...(used && { usage: chatUsage(used) }),
    })
  },
  stream({ id, says, used }) {
    const tool = toolOf(says)
    const head = { ...chatHead(id), object: 'chat.completion.chunk', usage: null }
    const chunk = (delta: object, finish_reason: string | null = null): object => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason }],
    })
    const call = { index: 0, id: `call_${id}`, type: 'function', function: { name: 'weather', arguments: tool } }
    const chunks = [
      chunk({ role: 'assistant', ...(tool ? { tool_calls: [call] } : { content: says }) }),
      chunk({}, tool ? 'tool_calls' : 'stop'),
      ...(used ? [{ ...head, choices: [], usage: chatUsage(used) }] : []),
    ]
    return {
      type: 'text/event-stream',
      chunks: [...chunks.map((data) => `data: ${JSON.stringify(data)}\n\n`), 'data: [DONE]\n\n'],
    }
  },
}

const chatHead = (id: string): object => ({ id, created: 1_700_000_000, model: 'gpt-4o-mini-2024' })

const chatUsage = ({ input, cacheRead, output, reasoning }: Used): object => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cacheRead },
  completion_tokens_details: { reasoning_tokens: reasoning },
})

export const openaiResponses: Wire = {
  whole: (step) => json(response(step, true)),
  stream(step) {
    const [item] = output(step)
    const text = typeof step.says === 'string' ? step.says : null
    const numbered = [
      { type: 'response.created', response: response({ ...step, used: null }, false) },
      { type: 'response.output_item.added', output_index: 0, item },
      ...(text ? [{ type: 'response.output_text.delta', item_id: 'item_1', output_index: 0, delta: text }] : []),
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: response(step, true) },
    ]
    return typed(numbered.map((event, sequence_number) => ({ ...event, sequence_number })))
  },
}

function output({ id, says }: Step): object[] {
  const tool = toolOf(says)
  const common = { id: 'item_1', status: 'completed' }
  return tool
    ? [{ ...common, type: 'function_call', call_id: `call_${id}`, name: 'weather', arguments: tool }]
    : [
        {
          ...common,
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: says, annotations: [] }],
        },
      ]
}

function response(step: Step, done: boolean): object {
  const { id, used } = step
  const usage = used && {
    input_tokens: used.input,
    input_tokens_details: { cached_tokens: used.cacheRead },
    output_tokens: used.output,
    output_tokens_details: { reasoning_tokens: used.reasoning },
    total_tokens: used.input + used.output,
  }
  return {
    ...{ id, object: 'response', created_at: 1_700_000_000, model: 'gpt-4o-mini-2024', error: null },
    ...{ status: done ? 'completed' : 'in_progress', output: done ? output(step) : [], incomplete_details: null },
    ...(usage && { usage }),
  }
}

/** Its input is what was neither read from a cache nor written to one; it does not tell thoughts from the rest. */
export const anthropic: Wire = {
  whole(step) {
    return json({
      ...message(step),
      content: [block(step)],
      stop_reason: typeof step.says === 'string' ? 'end_turn' : 'tool_use',
      usage: { ...anthropicInput(step.used), output_tokens: step.used?.output },
    })
  },
  stream(step) {
    const tool = toolOf(step.says)
    const start = { ...message(step), content: [], stop_reason: null }
    const delta = tool ? { type: 'input_json_delta', partial_json: tool } : { type: 'text_delta', text: step.says }
    const empty = tool ? { ...block(step), input: {} } : { type: 'text', text: '' }
    return typed([
      { type: 'message_start', message: { ...start, usage: { ...anthropicInput(step.used), output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: empty },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null },
        usage: { output_tokens: step.used?.output },
      },
      { type: 'message_stop' },
    ])
  },
}

const message = ({ id }: Step): object => ({
  ...{ id, type: 'message', role: 'assistant', model: 'claude-7-2024', stop_sequence: null },
})

const block = ({ id, says }: Step): object =>
  typeof says === 'string'
    ? { type: 'text', text: says }
    : { type: 'tool_use', id: `toolu_${id}`, name: 'weather', input: says }

/** Of the input that is not read from a cache, all but one token is written to it. */
const anthropicInput = (used: Used | null): object =>
  used
    ? {
        input_tokens: 1,
        cache_read_input_tokens: used.cacheRead,
        cache_creation_input_tokens: used.input - used.cacheRead - 1,
      }
    : {}

export const embeddings = (tokens: number | null): Answer =>
  json({
    object: 'list',
    model: 'embed-small-2024',
    data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
    ...(tokens !== null && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  })
