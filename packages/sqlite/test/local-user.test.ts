import { createRecorder, withUsage } from '@withusage/core'
import { expect, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { temporaryFile } from './support/temporary-file.ts'

test('the local user of a restarted server is the same user in the reopened file', async () => {
  const path = temporaryFile()
  for (let start = 0; start < 2; start++) {
    const store = sqliteStore({ path })
    const recorder = createRecorder({ store })
    const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
    const handler = withUsage(() => Response.json({ object: 'chat.completion', model: 'qwen-7b', usage }), { recorder })
    await (await handler(new Request('https://llm.test/v1/chat/completions', { method: 'POST' }))).text()
    await recorder.close()
    expect(recorder.stats()).toEqual({ requests: 1, recorded: 1, unrecorded: {}, ignored: {}, inFlight: 0 })
    await store.close()
  }
  const reopened = sqliteStore({ path })
  const query = { from: new Date(0), to: new Date('2100-01-01'), bucket: null }
  const users = await reopened.aggregate({ ...query, groupBy: ['userId'] })
  const account = await reopened.account(query)
  await reopened.close()
  expect(users).toMatchObject([{ group: { userId: 'local' }, requests: 2, inputTokens: 18 }])
  expect(account).toMatchObject([{ account: 'recorded', requests: 2 }])
})
