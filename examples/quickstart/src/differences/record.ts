import { TOKEN_FIELDS, type UsageRecord } from '@withusage/core'
import type { Provider } from '../arguments.ts'
import { COUNTS, type SentCall, type Told } from '../calls/call.ts'

type Expected = { [name in keyof UsageRecord]?: UsageRecord[name] | undefined }

/** Every call has the one record that its client was told of, or none. */
export function recordsDifferences(
  sent: readonly SentCall[],
  records: readonly UsageRecord[],
  provider: Provider,
): string[] {
  return sent.flatMap((call) => {
    const own = records.filter((record) => record.correlationId === call.correlationId)
    return callDifferences(call, own, provider).map((it) => `${call.name} (${call.correlationId}): ${it}`)
  })
}

function callDifferences(call: SentCall, own: readonly UsageRecord[], provider: Provider): string[] {
  const wanted = call.expect.account === 'recorded' ? 1 : 0
  if (own.length !== wanted) return [`has ${own.length} records, not ${wanted}`]
  const [record] = own
  if (record === undefined) return []
  if (call.told === null) return ['the client was told no counts, so there is nothing to compare the record with']
  const expected = { ...expectedOf(call, call.told), ...(provider === 'mock' ? unsaid : {}) }
  return [...emptyComparisons(call.told), ...fieldDifferences(record, expected)]
}

/** Counts that would agree with a meter that reads nothing. */
function emptyComparisons({ counts }: Told): string[] {
  if (COUNTS.every((name) => counts[name] === null)) return ['the client was told no count at all']
  return (['inputTokens', 'outputTokens'] as const)
    .filter((name) => counts[name] === 0)
    .map((name) => `the client was told 0 ${name}, which shows nothing`)
}

function expectedOf({ key, endpoint, streamed, expect }: SentCall, { model, counts }: Told): Expected {
  const outcome = 'outcome' in expect ? expect.outcome : undefined
  return {
    userId: key?.user.id,
    apiKeyId: key?.id,
    endpoint,
    streamed,
    outcome,
    servedModel: model,
    ...counts,
    final: outcome === 'complete',
    consistent: true,
    evidence: 'body',
  }
}

/** What the mock never says: a record that knows it has made it up. A real provider may say any of it. */
const unsaid: Expected = {
  ...Object.fromEntries(
    TOKEN_FIELDS.filter((name) => !COUNTS.some((told) => told === name)).map((name) => [name, null]),
  ),
  units: null,
  serviceTier: null,
  providerCostNanoUsd: null,
  prefillTokens: null,
  draftTokens: null,
}

function fieldDifferences(record: UsageRecord, expected: Expected): string[] {
  return (Object.keys(expected) as (keyof UsageRecord)[])
    .filter((name) => record[name] !== expected[name])
    .map((name) => `${name} is ${show(record[name])} in the file, the client knows ${show(expected[name])}`)
}

const show = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
