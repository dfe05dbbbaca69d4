import { TOKEN_FIELDS, type TokenField, type UsageRecord } from '../record.ts'
import type { UsageBucket } from '../types.ts'
import { compareGroups, knownTokens, type UsageCell, type UsageSums } from './answer.ts'
import { bucketIndex } from './buckets.ts'
import { isIncomplete } from './incomplete.ts'
import type { AggregatePlan, FilterPlan } from './plan.ts'

/** Sums the records that a plan asks for, one by one: the aggregate of a store that has no query language. */
export function sumRecords(plan: AggregatePlan, records: Iterable<UsageRecord>): UsageCell[] {
  const cells = new Map<string, OpenCell>()
  for (const record of records) {
    const bucket = bucketIndex(plan.edges, record.createdAt.getTime())
    if (bucket === -1 || !passes(plan.filter, record)) continue
    const group = groupOf(plan, record)
    const key = `${bucket} ${JSON.stringify(group)}`
    const cell = cells.get(key) ?? openCell(bucket, group)
    cells.set(key, cell)
    add(cell, record)
  }
  return topGroups(plan, [...cells.values()].map(closeCell))
}

/** True when the record's fields are among the allowed values. */
export function passes(filter: readonly FilterPlan[], record: UsageRecord): boolean {
  return filter.every(({ dimension, values, orNull }) => {
    const value = record[dimension]
    return value === null ? orNull : values.includes(value)
  })
}

/** A cell that still takes records. Money is summed as bigint: a sum may be beyond 2^53. */
interface OpenCell {
  bucket: number
  group: UsageBucket['group']
  requests: Set<string>
  modelCalls: number
  incomplete: number
  tokens: Record<TokenField, number | null>
  cost: bigint | null
  providerCost: bigint | null
}

function openCell(bucket: number, group: UsageBucket['group']): OpenCell {
  const tokens = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, null])) as Record<TokenField, number | null>
  return { bucket, group, requests: new Set(), modelCalls: 0, incomplete: 0, tokens, cost: null, providerCost: null }
}

function add(cell: OpenCell, record: UsageRecord): void {
  cell.requests.add(record.requestId)
  cell.modelCalls += 1
  if (isIncomplete(record)) cell.incomplete += 1
  for (const field of TOKEN_FIELDS) {
    const count = record[field]
    if (count !== null) cell.tokens[field] = (cell.tokens[field] ?? 0) + count
  }
  if (record.costNanoUsd !== null) cell.cost = (cell.cost ?? 0n) + BigInt(record.costNanoUsd)
  if (record.providerCostNanoUsd !== null)
    cell.providerCost = (cell.providerCost ?? 0n) + BigInt(record.providerCostNanoUsd)
}

function closeCell(cell: OpenCell): UsageCell {
  const sums: UsageSums = {
    requests: cell.requests.size,
    modelCalls: cell.modelCalls,
    ...cell.tokens,
    incomplete: cell.incomplete,
    costNanoUsd: cell.cost?.toString() ?? null,
    providerCostNanoUsd: cell.providerCost?.toString() ?? null,
  }
  return { bucket: cell.bucket, group: cell.group, sums }
}

function groupOf(plan: AggregatePlan, record: UsageRecord): UsageBucket['group'] {
  return Object.fromEntries(plan.groupBy.map((dimension) => [dimension, record[dimension]]))
}

/** Keeps the cells of the groups with the most tokens over the whole range. */
function topGroups({ groupBy, limit }: AggregatePlan, cells: UsageCell[]): UsageCell[] {
  if (limit === null) return cells
  const totals = new Map<string, { group: UsageBucket['group']; tokens: number }>()
  const keys = cells.map((cell) => JSON.stringify(cell.group))
  cells.forEach((cell, at) => {
    const key = keys[at] as string
    totals.set(key, { group: cell.group, tokens: (totals.get(key)?.tokens ?? 0) + knownTokens(cell.sums) })
  })
  const ranked = [...totals].sort(([, a], [, b]) => b.tokens - a.tokens || compareGroups(groupBy, a.group, b.group))
  const kept = new Set(ranked.slice(0, limit).map(([key]) => key))
  return cells.filter((_, at) => kept.has(keys[at] as string))
}
