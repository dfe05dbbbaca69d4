import type { UsageRecord } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { type Account, accountKey, readAccount, readRecords, sumAccount } from './books.ts'
import { COUNTS, type SentCall } from './calls/call.ts'

/** What a reopened file says. */
export interface Books {
  records: readonly UsageRecord[]
  account: Account
}

/** Opens the file anew, as someone would who has nothing but the file. */
export async function reopen(path: string): Promise<Books> {
  const store = sqliteStore({ path })
  try {
    return { records: await readRecords(store), account: sumAccount(await readAccount(store)) }
  } finally {
    await store.close()
  }
}

/**
 * Compares the file with what the clients themselves were told. Independent of the metering: the counts come from the
 * SDKs' own objects.
 *
 * @param before the account of the file before the calls, when it was not new
 * @returns every difference, in words; empty when the file is right
 */
export function findDifferences(sent: readonly SentCall[], books: Books, before: Account = new Map()): string[] {
  return [
    ...sent.flatMap((call) => differencesOf(call, books.records)),
    ...accountDifferences(sent, books.account, before),
  ]
}

function differencesOf(call: SentCall, records: readonly UsageRecord[]): string[] {
  const own = records.filter((record) => record.correlationId === call.correlationId)
  const wanted = call.expect.account === 'recorded' ? 1 : 0
  const [record] = own
  const found = own.length === wanted && record ? recordDifferences(call, record) : []
  if (own.length !== wanted) found.push(`has ${own.length} records, not ${wanted}`)
  return found.map((difference) => `${call.name} (${call.correlationId}): ${difference}`)
}

function recordDifferences({ key, endpoint, expect, told }: SentCall, record: UsageRecord): string[] {
  if (told === null) return ['the client was told no counts, so there is nothing to compare the record with']
  const empty = (['inputTokens', 'outputTokens'] as const).filter((name) => told.counts[name] === 0)
  const differences = empty.map((name) => `the client was told 0 ${name}, which shows nothing`)
  if (COUNTS.every((name) => told.counts[name] === null)) differences.push('the client was told no count at all')

  const expected = { userId: key?.user.id, apiKeyId: key?.id, servedModel: told.model, endpoint, ...told.counts }
  const compare = (name: keyof UsageRecord, wanted: unknown) => {
    if (record[name] !== wanted) differences.push(`${name} is ${record[name]} in the file, the client knows ${wanted}`)
  }
  for (const [name, wanted] of Object.entries(expected)) compare(name as keyof UsageRecord, wanted)
  compare('outcome', 'outcome' in expect ? expect.outcome : null)
  return differences
}

/** Every request once: with a record, or counted under the reason it has none. */
function accountDifferences(sent: readonly SentCall[], account: Account, before: Account): string[] {
  const expected: Account = new Map(before)
  for (const { expect } of sent) {
    const key = accountKey(expect.account, 'reason' in expect ? expect.reason : null)
    expected.set(key, (expected.get(key) ?? 0) + 1)
  }
  return [...new Set([...expected.keys(), ...account.keys()])]
    .filter((key) => expected.get(key) !== account.get(key))
    .map((key) => `the account has ${account.get(key) ?? 0} requests "${key}", ${expected.get(key) ?? 0} were sent`)
}
