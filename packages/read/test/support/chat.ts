import { SECRET } from './run.ts'

/** A chat completion of 9 tokens in and 5 out. */
export const CHAT = {
  object: 'chat.completion',
  id: 'c1',
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: SECRET } }],
  usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
}
export const BODY = JSON.stringify(CHAT)
