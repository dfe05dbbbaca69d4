import {
  createRecorder,
  disabledStore,
  type UsageBatch,
  type WriteResult,
  withUsage as withoutAfter,
} from '@withusage/core'
import { type RouteContext, withUsage } from '@withusage/next'

/** A store that is a `fetch` away. */
async function write({ records, tallies }: UsageBatch): Promise<WriteResult> {
  const body = JSON.stringify({ records, tallies })
  const response = await fetch(process.env.COLLECTOR ?? '', { method: 'POST', body })
  if (!response.ok) throw new Error(`the collector answered ${response.status}`)
  return response.json()
}

const recorder = createRecorder({ store: { ...disabledStore(), write } })

/** A document for an even number, else a stream. */
async function answer(_request: Request, { params }: RouteContext): Promise<Response> {
  const { number } = await params
  const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
  const completion = { id: `chatcmpl-${number}`, model: 'qwen-7b', choices: [], usage }
  if (Number(number) % 2 === 0) return Response.json({ ...completion, object: 'chat.completion' })
  const event = `data: ${JSON.stringify({ ...completion, object: 'chat.completion.chunk' })}\n\n`
  return new Response(new Blob([event, 'data: [DONE]\n\n']).stream(), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

const ways: Record<string, (request: Request, context: RouteContext) => Promise<Response>> = {
  after: withUsage(answer, { recorder }),
  without: withoutAfter(answer, { recorder }),
}

export async function POST(request: Request, context: RouteContext): Promise<Response> {
  const { way } = await context.params
  return ways[String(way)]?.(request, context) ?? new Response(null, { status: 404 })
}
