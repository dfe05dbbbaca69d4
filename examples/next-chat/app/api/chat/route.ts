import { withUsage } from '@withusage/next'
import { currentUser } from '@/lib/session.ts'

const { OPENAI_BASE_URL = 'https://api.openai.com/v1', OPENAI_API_KEY } = process.env

/** A chat over an OpenAI-compatible API, streamed. What it used is read from the stream as it goes by. */
export const POST = withUsage(async (request) => {
  if (!(await currentUser())) return Response.json({ error: 'sign in first' }, { status: 401 })
  const { messages } = await request.json()
  const answer = await fetch(`${OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OPENAI_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.4-mini', messages, stream: true, stream_options: { include_usage: true } }),
    signal: request.signal,
  })
  const contentType = answer.headers.get('content-type') ?? 'application/json'
  return new Response(answer.body, { status: answer.status, headers: { 'content-type': contentType } })
})
