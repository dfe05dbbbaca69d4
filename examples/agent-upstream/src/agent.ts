import type { Clients } from './clients.ts'

const LOOK_UP = {
  type: 'function' as const,
  function: {
    name: 'look_up',
    description: 'What our handbook says about a topic.',
    parameters: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
  },
}

/**
 * Answers a question piece by piece: one model decides what to look up, another reads the handbook, a third writes the
 * answer. Not a word here is about usage.
 */
export async function* answer({ openai, anthropic }: Clients, question: string): AsyncGenerator<string> {
  const plan = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
    tools: [LOOK_UP],
  })
  const topics = (plan.choices[0]?.message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function' ? [String(JSON.parse(call.function.arguments).topic)] : [],
  )
  const found = await Promise.all(topics.map((topic) => readHandbook({ anthropic }, topic)))
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: `Answer by what the handbook says: ${found.join('\n')}` },
      { role: 'user', content: question },
    ],
    stream: true,
    stream_options: { include_usage: true },
  })
  for await (const { choices } of stream) yield choices[0]?.delta.content ?? ''
}

/** What the handbook says of a topic, in short. */
export async function readHandbook({ anthropic }: Pick<Clients, 'anthropic'>, topic: string): Promise<string> {
  const { content } = await anthropic.messages.create({
    model: 'claude-haiku-4-5',
    max_tokens: 300,
    messages: [{ role: 'user', content: `Sum up the chapter on ${topic}.` }],
  })
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
