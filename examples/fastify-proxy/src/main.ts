import { createRecorder, memoryStore } from '@withusage/core'
import { createApp } from './app.ts'

const { UPSTREAM = 'https://api.openai.com/v1', OPENAI_API_KEY = '', PORT = '8080' } = process.env

const store = memoryStore()
const recorder = createRecorder({ store })
const app = createApp({ upstream: UPSTREAM, apiKey: OPENAI_API_KEY, recorder, store })

console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)

/** What is in flight is recorded before the process ends. */
process.once('SIGTERM', async () => {
  await app.close()
  await recorder.close()
})
