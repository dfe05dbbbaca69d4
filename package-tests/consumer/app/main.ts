/** An app on the installed packages: a metered route, a SQLite store, and the account of both. Exits 1 when wrong. */
import assert from 'node:assert/strict'
import { createRecorder, isUsageError, stampUsage } from '@withusage/core'
import { requestsOf } from '@withusage/core/store-kit'
import { usage } from '@withusage/hono'
import { sqliteStore } from '@withusage/sqlite'
import { Hono } from 'hono'

const store = sqliteStore({ path: ':memory:' })
const recorder = createRecorder({ store })
const app = new Hono()
app.use(usage({ recorder, identify: () => ({ user: { id: 'ada' } }) }))
app.post('/chat', (c) => {
  stampUsage({ model: 'qwen-7b', inputTokens: 9, outputTokens: 5 })
  return c.text('hello')
})

const response = await app.request('/chat', { method: 'POST' })
assert.equal(await response.text(), 'hello')
await recorder.close()

const { records } = await store.records({ from: new Date(0), to: new Date(Date.now() + 60_000) })
assert.equal(requestsOf(records).length, 1)
assert.deepEqual(
  records.map(({ userId, servedModel, totalTokens }) => ({ userId, servedModel, totalTokens })),
  [{ userId: 'ada', servedModel: 'qwen-7b', totalTokens: 14 }],
)
await store.close()
await assert.rejects(store.records({ from: new Date(0), to: new Date() }), (error) => isUsageError(error))
