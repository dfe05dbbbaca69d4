import { createRecorder, meteredFetch, withUsage } from '@withusage/core'
import { sqliteStore } from '../../src/index.ts'

/**
 * Fetches a result from a provider again and again: through a wrapped proxy, by `meteredFetch` inside a request and
 * outside any, in turn. Prints its account in the end:
 * `fetch-result.ts <path> <url> <times>`.
 */
const [path = '', url = '', times = '0'] = process.argv.slice(2)
const store = sqliteStore({ path })
const recorder = createRecorder({ store, batch: { intervalMs: 5 } })

const proxy = withUsage(
  async () => {
    const answer = await fetch(url)
    return new Response(answer.body, answer)
  },
  { recorder },
)
const asks = withUsage(async () => new Response(await (await meteredFetch()(url)).text()), { recorder })
const alone = meteredFetch({ recorder })

const WAYS = [
  () => proxy(new Request(url)),
  () => asks(new Request('https://app.test/answer', { method: 'POST' })),
  () => alone(url),
]

for (let time = 0; time < Number(times); time++) {
  const response = await WAYS[time % WAYS.length]?.()
  await response?.text()
  process.stdout.write(`${time}\n`)
}
await recorder.close()
process.stdout.write(`${JSON.stringify(recorder.stats())}\n`)
await store.close()
