import { withUsage } from '@withusage/next'
import { stepCountIs, streamText } from 'ai'
import { chatModel } from '@/lib/models.ts'
import { tools } from '@/lib/tools.ts'

/** An agent that looks things up before it answers. Each time it asks a model is a line of this request. */
export const POST = withUsage(
  async (request) => {
    const { prompt } = await request.json()
    const answer = streamText({
      model: chatModel,
      prompt,
      tools,
      stopWhen: stepCountIs(5),
      abortSignal: request.signal,
    })
    return answer.toUIMessageStreamResponse()
  },
  { endpoint: '/api/agent' },
)
