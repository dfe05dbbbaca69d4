import { expectStoredAccount } from '@withusage/testing'
import { describe, expect, it } from 'vitest'
import { stampUsage } from '../../src/context.ts'
import { createRecorder } from '../../src/recorder.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { withUsage } from '../../src/with-usage.ts'
import { chatCompletion, json } from '../support/bodies.ts'
import { openSdk } from '../support/open-sdk.ts'

const CALLS = 10_000

/** How many values each label of each instrument has. */
function valuesOf(metrics: Awaited<ReturnType<ReturnType<typeof openSdk>['collect']>>): Map<string, Set<unknown>> {
  const values = new Map<string, Set<unknown>>()
  for (const { descriptor, dataPoints } of metrics)
    for (const { attributes } of dataPoints)
      for (const [label, value] of Object.entries(attributes)) {
        const name = `${descriptor.name} ${label}`
        values.set(name, (values.get(name) ?? new Set()).add(value))
      }
  return values
}

describe('Ten thousand models, endpoints, providers and operations', () => {
  it('are ten thousand records, and a bounded number of labels', async () => {
    const { meter, collect } = openSdk()
    const store = memoryStore()
    const recorder = createRecorder({ store, meter, batch: { intervalMs: 3_600_000 } })
    const handler = withUsage(
      async (request: Request) => {
        const name = new URL(request.url).pathname
        stampUsage({ requestedModel: `asked${name}`, provider: `provider${name}`, operation: `operation${name}` })
        return json(chatCompletion({ model: `model${name}` }))
      },
      { recorder, route: (request) => new URL(request.url).pathname },
    )
    for (let call = 0; call < CALLS; call++) {
      const response = await handler(new Request(`https://llm.test/${call}/v1`, { method: 'POST', body: '{}' }))
      await response.arrayBuffer()
      if (call % 200 === 0) await recorder.flush()
    }
    await expectStoredAccount(recorder, store)
    expect(recorder.stats().recorded).toBe(CALLS)
    const values = valuesOf(await collect())
    expect([...values.keys()].toSorted()).toEqual(
      expect.arrayContaining([
        'gen_ai.client.token.usage gen_ai.request.model',
        'gen_ai.client.token.usage gen_ai.response.model',
        'withusage.requests endpoint',
        'withusage.tokens served_model',
      ]),
    )
    for (const [label, found] of values) expect(found.size, label).toBeLessThanOrEqual(501)
  })
})
