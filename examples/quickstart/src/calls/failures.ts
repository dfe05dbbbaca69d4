import { keys } from '../keys.ts'
import { anthropicClient } from './anthropic.ts'
import { type Call, clientError, type Expectation, failsWith, serverError } from './call.ts'
import { openaiClient } from './openai.ts'

const messages = [{ role: 'user' as const, content: 'Is anyone there?' }]

/** Turned away by our own server, before any upstream was asked. */
export const strangerCall: Call = {
  name: 'a stranger without a key of ours',
  endpoint: '/v1/messages',
  streamed: false,
  key: null,
  expect: clientError,
  send: (connection) =>
    failsWith(401, anthropicClient(connection).messages.create({ model: 'any', max_tokens: 1, messages })),
}

export const failureCalls: Call[] = [
  failing('upstream refuses our key', 401, 'gpt-forbidden', clientError),
  failing('upstream has no such model', 404, 'gpt-missing', clientError),
  failing('upstream limits the rate', 429, 'gpt-throttled', clientError),
  failing('upstream breaks', 500, 'gpt-broken', serverError),
]

function failing(name: string, status: number, model: string, expect: Expectation): Call {
  return {
    name,
    endpoint: '/v1/chat/completions',
    streamed: false,
    key: keys.edsger,
    expect,
    send: (connection) => failsWith(status, openaiClient(connection).chat.completions.create({ model, messages })),
  }
}
