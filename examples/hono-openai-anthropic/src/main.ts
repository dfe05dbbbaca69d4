import { serve } from '@hono/node-server'
import { createRecorder, memoryStore } from '@withusage/core'
import { createApp } from './app.ts'

const store = memoryStore()
const recorder = createRecorder({ store })

const server = serve(
  { fetch: createApp({ recorder, store }).fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8080) },
  ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
)

process.once('SIGTERM', async () => {
  server.close()
  await recorder.close()
})
