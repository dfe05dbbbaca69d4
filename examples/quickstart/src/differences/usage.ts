import { addUsageRow, emptyRow, USAGE_COLUMNS, type Usage, type UsageRow, usageKey } from '../books.ts'
import type { SentCall, Told } from '../calls/call.ts'

/** The usage table is the sum of what the clients were told, by user and model. */
export function usageDifferences(sent: readonly SentCall[], usage: Usage, before: Usage): string[] {
  const expected: Usage = new Map(before)
  for (const call of sent) {
    if (call.expect.account !== 'recorded' || call.told === null) continue
    addUsageRow(expected, usageKey(call.key?.user.id, call.told.model), rowOf(call, call.told))
  }
  return [...new Set([...expected.keys(), ...usage.keys()])].flatMap((key) =>
    rowDifferences(key, usage.get(key) ?? emptyRow, expected.get(key) ?? emptyRow),
  )
}

const rowOf = (call: SentCall, { counts }: Told): UsageRow => ({
  ...counts,
  requests: 1,
  incomplete: isIncomplete(call, counts) ? 1 : 0,
})

/** A lower bound, or a count that the client was not told. An embedding has no output to be told of. */
function isIncomplete({ endpoint, expect }: SentCall, { inputTokens, outputTokens }: Told['counts']): boolean {
  if ('outcome' in expect && expect.outcome !== 'complete') return true
  return inputTokens === null || (outputTokens === null && !endpoint.includes('/embed'))
}

function rowDifferences(key: string, row: UsageRow, expected: UsageRow): string[] {
  return USAGE_COLUMNS.filter((name) => row[name] !== expected[name]).map(
    (name) => `the usage of ${key}: ${name} is ${row[name]} in the table, the clients know ${expected[name]}`,
  )
}
