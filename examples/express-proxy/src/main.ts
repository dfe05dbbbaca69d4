import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRecorder } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { createApp } from './app.ts'

const {
  UPSTREAM = 'https://api.openai.com/v1',
  OPENAI_API_KEY = '',
  USAGE_DB = 'usage.db',
  PORT = '8080',
} = process.env

const store = sqliteStore({ path: USAGE_DB })
const recorder = createRecorder({ store })
const server = createServer(createApp({ upstream: UPSTREAM, apiKey: OPENAI_API_KEY, recorder, store }))

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

/** What is in flight is recorded before the process ends. */
process.once('SIGTERM', async () => {
  server.close()
  await recorder.close()
  await store.close()
})
