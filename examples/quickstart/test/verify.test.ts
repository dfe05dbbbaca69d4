import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createRecorder } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SentCall } from '../src/calls/call.ts'
import { listen } from '../src/listen.ts'
import { createApp } from '../src/server.ts'
import { planCalls, sendCalls } from '../src/traffic.ts'
import { startMockUpstream } from '../src/upstream/mock.ts'
import { findDifferences, type Round, reopen } from '../src/verify.ts'
import { settled } from '../src/waiting.ts'

let path: string
let sent: SentCall[]

beforeAll(async () => {
  path = join(mkdtempSync(join(tmpdir(), 'withusage-test-')), 'usage.db')
  await using closing = new AsyncDisposableStack()
  const upstream = closing.adopt(await startMockUpstream(), (it) => it.close())
  const store = closing.adopt(sqliteStore({ path }), (it) => it.close())
  const recorder = closing.adopt(createRecorder({ store }), (it) => it.close())
  const server = closing.adopt(await listen(createApp(recorder, upstream)), (it) => it.close())
  sent = await sendCalls(server.url, planCalls(upstream), () => {})
  await settled(recorder)
})

afterAll(() => rmSync(dirname(path), { recursive: true }))

const round = (calls: SentCall[]): Round => ({
  provider: 'mock',
  sent: calls,
  before: { usage: new Map(), account: new Map() },
})

/** The differences after one statement has changed a copy of the file. */
async function differencesAfter(sql: string): Promise<string[]> {
  const copy = `${path}.${Math.random()}.db`
  const original = new DatabaseSync(path)
  original.prepare('VACUUM INTO ?').run(copy)
  original.close()
  const tampered = new DatabaseSync(copy)
  tampered.exec(sql)
  tampered.close()
  return findDifferences(round(sent), await reopen(copy))
}

const idOf = (name: string) => sent.find((call) => call.name === name)?.correlationId

test('a file as it was written has no differences', async () => {
  expect(await differencesAfter('SELECT 1')).toEqual([])
})

describe('a file that was changed is found out', () => {
  test.each([
    ['input_tokens = input_tokens + 1', 'inputTokens'],
    ['output_tokens = NULL', 'outputTokens'],
    ['output_tokens = 0', 'outputTokens'],
    ['total_tokens = total_tokens - 1', 'totalTokens'],
    ['reasoning_tokens = 0', 'reasoningTokens'],
    ["user_id = 'grace'", 'userId'],
    ["served_model = 'another'", 'servedModel'],
    ["endpoint = 'other'", 'endpoint'],
    ["outcome = 'failed'", 'outcome'],
    ['final = 0', 'final'],
    ['consistent = 0', 'consistent'],
    ["evidence = 'stamp'", 'evidence'],
    ['streamed = 1', 'streamed'],
    ['cache_write_1h_tokens = 0', 'cacheWrite1hTokens'],
    ['input_audio_tokens = 0', 'inputAudioTokens'],
    [`units = '{"images":1}'`, 'units'],
    ["service_tier = 'priority'", 'serviceTier'],
    ['provider_cost_nano_usd = 1', 'providerCostNanoUsd'],
  ])('%s', async (change, field) => {
    const name = 'openai chat'
    const differences = await differencesAfter(`UPDATE records SET ${change} WHERE correlation_id = '${idOf(name)}'`)
    expect(differences.filter((it) => it.startsWith(`${name} (`))).toEqual([expect.stringContaining(`: ${field} is `)])
  })

  test('by a record that is gone', async () => {
    const id = idOf('ollama chat')
    expect(await differencesAfter(`DELETE FROM records WHERE correlation_id = '${id}'`)).toEqual([
      `ollama chat (${id}): has 0 records, not 1`,
      'the usage of grace, llama3.2: requests is 0 in the table, the clients know 1',
      'the usage of grace, llama3.2: inputTokens is null in the table, the clients know 33',
      'the usage of grace, llama3.2: outputTokens is null in the table, the clients know 19',
      'the usage of grace, llama3.2: totalTokens is null in the table, the clients know 52',
      'the account has 12 requests "recorded", 13 were sent',
    ])
  })

  test('by a count without a record that is gone', async () => {
    expect(await differencesAfter(`DELETE FROM tallies WHERE reason = 'no_usage'`)).toEqual([
      'the account has 0 requests "unrecorded no_usage", 1 were sent',
    ])
  })

  test('by a count without a record that nobody sent', async () => {
    expect(await differencesAfter(`UPDATE tallies SET count = count + 1 WHERE reason = 'status_5xx'`)).toEqual([
      'the account has 2 requests "ignored status_5xx", 1 were sent',
    ])
  })
})

describe('a comparison that shows nothing is a difference', () => {
  const withTold = (told: SentCall['told']) =>
    sent.map((call) => (call.name === 'openai chat' ? { ...call, told } : call))

  test('when the client was told no counts', async () => {
    expect(findDifferences(round(withTold(null)), await reopen(path))).toContainEqual(
      expect.stringContaining('told no counts'),
    )
  })

  test('when the client was told a 0', async () => {
    const [chat] = sent
    if (!chat?.told) throw new Error('the first call is told counts')
    const told = { ...chat.told, counts: { ...chat.told.counts, outputTokens: 0 } }
    expect(findDifferences(round(withTold(told)), await reopen(path))).toContainEqual(
      expect.stringContaining('told 0 outputTokens'),
    )
  })
})
