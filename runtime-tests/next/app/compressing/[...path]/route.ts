import { withUsage } from '@withusage/next'
import { scenario } from '../../../server.ts'

/** As a compression would that is mounted after metering. */
export const POST = withUsage(async (request) => {
  const { body, headers } = await scenario(request)
  headers.set('content-encoding', 'gzip')
  return new Response(body?.pipeThrough(new CompressionStream('gzip')), { headers })
})
