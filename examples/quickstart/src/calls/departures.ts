import { keys } from '../keys.ts'
import { anthropicClient, toldByMessage } from './anthropic.ts'
import { type Call, type Connection, counts, type Told } from './call.ts'
import { openaiClient } from './openai.ts'

const messages = [{ role: 'user' as const, content: 'Tell me a story without an end.' }]

/** Clients that leave in the middle. Upstream never ends these streams, so there is always a middle. */
export const departureCalls: Call[] = [
  {
    name: 'anthropic messages, client leaves mid-stream',
    endpoint: '/v1/messages',
    streamed: true,
    key: keys.grace,
    expect: { account: 'recorded', outcome: 'cancelled' },
    send: leaveMessages,
  },
  {
    name: 'openai chat, client leaves mid-stream',
    endpoint: '/v1/chat/completions',
    streamed: true,
    key: keys.grace,
    expect: { account: 'unrecorded', reason: 'cancelled' },
    send: leaveChat,
  },
]

/** Anthropic tells the input first, so a lower bound is known when the client leaves; the output is not. */
async function leaveMessages(connection: Connection): Promise<Told | null> {
  const request = { model: 'claude-endless', max_tokens: 64, messages, stream: true as const }
  let told: Told | null = null
  for await (const event of await anthropicClient(connection).messages.create(request)) {
    if (event.type === 'message_start') told = onlyInput(toldByMessage(event.message))
    if (event.type === 'content_block_delta') break
  }
  return told
}

const onlyInput = ({ model, counts: { inputTokens } }: Told): Told => ({
  model,
  counts: counts({ inputTokens, totalTokens: inputTokens }),
})

/** OpenAI tells its counts last: whoever leaves was told none. */
async function leaveChat(connection: Connection): Promise<null> {
  const request = { model: 'gpt-endless', messages, stream: true as const, stream_options: { include_usage: true } }
  const chunks = await openaiClient(connection).chat.completions.create(request)
  let seen = 0
  for await (const _chunk of chunks) {
    seen += 1
    if (seen === 2) break
  }
  return null
}
