import { withUsage } from '@withusage/next'
import { handler } from '../../../../answers.ts'
import { type Handler, recorderOver, WAYS, type WayName } from '../../../../ways.ts'

const way = (process.env.BENCH_WAY ?? 'bare') as WayName

let served: Promise<Handler> | undefined

async function serve(): Promise<Handler> {
  if (way !== 'metered') return (await WAYS[way]('memory'))(handler)
  return withUsage(handler, { recorder: await recorderOver('memory') })
}

export async function POST(request: Request): Promise<Response> {
  served ??= serve()
  return (await served)(request)
}
