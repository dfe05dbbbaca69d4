import { serve } from '@hono/node-server'
import { createRecorder } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { createApp } from './app.ts'

const { USAGE_DB = 'usage.db', PORT = '8080' } = process.env

const store = sqliteStore({ path: USAGE_DB })
const recorder = createRecorder({ store })
const { fetch } = createApp({ recorder, store })

const server = serve({ fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`)
})

/** What is in flight is recorded before the process ends. */
process.once('SIGTERM', async () => {
  server.close()
  await recorder.close()
  await store.close()
})
