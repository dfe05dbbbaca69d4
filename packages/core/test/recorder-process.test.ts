import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const core = new URL('../src/index.ts', import.meta.url).href

/** Runs a module in a Node of its own that has core's names and a record, and gives what it printed. */
async function inProcess(body: string): Promise<{ stdout: string; stderr: string }> {
  const code = `
    import { createRecorder, memoryStore, withUsage } from '${core}'
    const record = () => {
      const id = crypto.randomUUID()
      const unknown = Object.fromEntries([
        'totalTokens', 'cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'reasoningTokens', 'inputAudioTokens',
        'outputAudioTokens', 'inputImageTokens', 'outputImageTokens', 'units', 'serviceTier', 'providerCostNanoUsd',
        'preFilterInputTokens', 'postFilterInputTokens', 'prefillTokens', 'draftTokens', 'userName', 'apiKeyId',
        'apiKeyName', 'projectId', 'correlationId', 'responseId', 'traceId', 'spanId', 'costNanoUsd', 'pricingVersion',
        'raw', 'timeToFirstByteMs', 'operation', 'provider', 'format', 'requestedModel', 'servedModel',
      ].map((field) => [field, null]))
      return {
        ...unknown, recordVersion: 1, id, requestId: id, line: 0, createdAt: new Date(), durationMs: 1, streamed: false,
        status: 200, outcome: 'complete', evidence: 'stamp', endpoint: '/chat', inputTokens: 9, outputTokens: 5,
        consistent: true, final: true, userId: 'local', source: 'web', tags: {},
      }
    }
    ${body}
  `
  return run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', code], { timeout: 15_000 })
}

it('a process that records and does nothing else ends by itself', async () => {
  const started = performance.now()
  const { stdout } = await inProcess(`
    const recorder = createRecorder({ store: memoryStore(), batch: { intervalMs: 600_000 } })
    recorder.record([record()])
    recorder.open({ endpoint: '/chat' }).ignored('status_4xx')
    console.log(recorder.stats().requests)
  `)
  expect(stdout).toBe('2\n')
  expect(performance.now() - started).toBeLessThan(10_000)
})

it('a process lives until what somebody waits for is stored, also when that goes with the next batch', async () => {
  const { stdout } = await inProcess(`
    const recorder = createRecorder({ store: memoryStore(), batch: { intervalMs: 50 } })
    const [first, second] = [recorder.open({ endpoint: '/chat' }), recorder.open({ endpoint: '/chat' })]
    const waiting = first.acknowledged()
    first.record([record()])
    await waiting
    second.record([record()])
    await second.acknowledged()
    const third = recorder.open({ endpoint: '/chat' })
    third.ignored('status_4xx')
    await third.acknowledged()
    console.log(JSON.stringify(recorder.stats()))
  `)
  expect(JSON.parse(stdout)).toEqual({
    requests: 3,
    recorded: 2,
    unrecorded: {},
    ignored: { status_4xx: 1 },
    inFlight: 0,
  })
})

it('a process that awaits close() lives until a store that fails at first has everything', async () => {
  const { stdout } = await inProcess(`
    const store = memoryStore()
    let failures = 3
    const failing = { ...store, write: async (batch) => {
      if (failures-- > 0) throw new Error('not yet')
      return store.write(batch)
    } }
    const recorder = createRecorder({ store: failing, onError() {}, retry: { minMs: 20 } })
    recorder.record([record()])
    await recorder.close()
    console.log(JSON.stringify(recorder.stats()))
  `)
  expect(JSON.parse(stdout)).toEqual({ requests: 1, recorded: 1, unrecorded: {}, ignored: {}, inFlight: 0 })
})

it('a process whose store hangs ends once close() has given up, also when a flush still waits', async () => {
  const { stdout } = await inProcess(`
    const recorder = createRecorder({ store: { ...memoryStore(), write: () => new Promise(() => {}) }, onError() {} })
    recorder.record([record()])
    void recorder.flush()
    await recorder.close({ timeoutMs: 1 })
    console.log(JSON.stringify(recorder.stats()))
  `)
  expect(JSON.parse(stdout)).toMatchObject({ recorded: 0, unrecorded: { record_failed: 1 }, inFlight: 0 })
})

it('nothing is logged, and nothing breaks, without an OpenTelemetry SDK', async () => {
  const { stdout, stderr } = await inProcess(`
    const recorder = createRecorder({ store: memoryStore() })
    const body = { object: 'chat.completion', choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } }
    const handler = withUsage(async () => Response.json(body), { recorder })
    const response = await handler(new Request('https://llm.test/v1/chat/completions', { method: 'POST' }))
    await response.text()
    recorder.record([record()])
    await recorder.close()
    console.log(recorder.stats().recorded)
  `)
  expect(stderr).toBe('')
  expect(stdout).toBe('2\n')
})
