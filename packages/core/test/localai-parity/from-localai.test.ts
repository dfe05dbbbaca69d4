import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStore, usageRecordSchema } from '../../src/index.ts'
import { ALWAYS } from '../support/metered.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../../../docs/from-localai.md')
const sectionOf = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(title)) ?? ''

describe('docs/from-localai.md', () => {
  it('has a row for each test of the same number, and no other', () => {
    const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number))
    const tests = [...read('../localai-parity.test.ts').matchAll(/^ {2}it\(["'](\d+)\. /gm)]
    expect(rows).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect(tests.map(([, number]) => Number(number))).toEqual(rows)
  })

  it('names fields that a record has', () => {
    const named = [...sectionOf('Records').matchAll(/^\| [^|]+ \| ([^|]+) \|/gm)].slice(1)
    const fields = named.flatMap(([, cell]) => [...(cell ?? '').matchAll(/`(\w+)`/g)].map(([, field]) => field))
    expect(fields).toContain('userId')
    expect(Object.keys(usageRecordSchema.shape)).toEqual(expect.arrayContaining(fields))
  })

  it('imports old rows with the code that it shows, and twice does no harm', async () => {
    const code = /```ts\n(const unknown[^`]*(?:`[^`]+`[^`]*)*?)```/.exec(sectionOf('Records'))?.[1]
    const run = new Function('usageRecordSchema', 'store', 'rows', `return (async () => {${code}})()`)
    const created_at = new Date('2026-01-31T10:00:00Z')
    const counts = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14, duration: 840 }
    const who = { user_id: 'ada', user_name: 'Ada', source: '', api_key_id: null, api_key_name: '' }
    const what = { endpoint: '/v1/messages', model: 'claude', served_model: '', correlation_id: '' }
    const rows = Array.from({ length: 201 }, (_, index) => ({ id: index + 1, created_at, ...counts, ...who, ...what }))
    const store = memoryStore()
    await run(usageRecordSchema, store, rows)
    await run(usageRecordSchema, store, rows)
    const [totals] = await store.aggregate({ ...ALWAYS, bucket: null, filter: { servedModel: ['claude'] } })
    expect(totals).toMatchObject({ requests: 201, inputTokens: 201 * 9, outputTokens: 201 * 5 })
    const { records } = await store.records({ ...ALWAYS, limit: 1 })
    expect(records).toMatchObject([{ createdAt: created_at, source: 'web', apiKeyName: null, correlationId: null }])
  })
})
