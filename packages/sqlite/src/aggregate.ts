import { type Dimension, TOKEN_FIELDS, type UsageBucket } from '@withusage/core'
import {
  type AggregatePlan,
  answerAggregate,
  MAX_ROWS,
  OPERATIONS_WITHOUT_OUTPUT,
  type UsageCell,
  type UsageSums,
} from '@withusage/core/store-kit'
import { RECORD_COLUMNS } from './columns.ts'
import type { Driver } from './driver.ts'
import { EDGES, edgesParameter } from './edges.ts'
import { filterCondition } from './filter.ts'

/** One nano-dollar sum is read in two parts: whole dollars and what is left, so that no sum of integers overflows. */
const NANO = 1_000_000_000n

/** Runs an aggregate as one statement: one snapshot, one pass over the range. */
export function aggregate(driver: Driver, plan: AggregatePlan): UsageBucket[] {
  const condition = filterCondition(plan.filter)
  const parameters = [edgesParameter(plan.edges), ...condition.parameters]
  if (plan.limit !== null) parameters.push(plan.limit)
  const rows = driver.prepare(aggregateSql(plan, condition.sql)).all(...parameters)
  return answerAggregate(
    plan,
    rows.map((row) => readCell(row as Row, plan.groupBy)),
  )
}

type Row = UsageSums &
  Partial<Record<Dimension, string | null>> & {
    bucket: number
    costDollars: string | null
    costNano: string | null
    providerCostDollars: string | null
    providerCostNano: string | null
  }

function readCell(row: Row, groupBy: readonly Dimension[]): UsageCell {
  const tokens = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, row[field]])) as Pick<
    UsageSums,
    (typeof TOKEN_FIELDS)[number]
  >
  const sums: UsageSums = {
    requests: row.requests,
    modelCalls: row.modelCalls,
    ...tokens,
    incomplete: row.incomplete,
    costNanoUsd: joinMoney(row.costDollars, row.costNano),
    providerCostNanoUsd: joinMoney(row.providerCostDollars, row.providerCostNano),
  }
  const group = Object.fromEntries(groupBy.map((dimension) => [dimension, row[dimension] ?? null]))
  return { bucket: row.bucket, group, sums }
}

function joinMoney(dollars: string | null, nano: string | null): string | null {
  return dollars === null || nano === null ? null : String(BigInt(dollars) * NANO + BigInt(nano))
}

function aggregateSql(plan: AggregatePlan, condition: string): string {
  const cells = cellsSql(plan.groupBy, condition)
  const most = MAX_ROWS + 1
  if (plan.limit === null) return `WITH ${EDGES}, ${cells} SELECT * FROM cells LIMIT ${most}`
  const groups = plan.groupBy.join(', ')
  const tokens = 'coalesce(inputTokens, 0) + coalesce(outputTokens, 0)'
  const totals = `SELECT *, sum(${tokens}) OVER (${groups && `PARTITION BY ${groups}`}) AS groupTokens FROM cells`
  const order = ['groupTokens DESC', ...plan.groupBy].join(', ')
  const ranked = `SELECT *, dense_rank() OVER (ORDER BY ${order}) AS groupRank FROM (${totals})`
  return `WITH ${EDGES}, ${cells} SELECT * FROM (${ranked}) WHERE groupRank <= ? LIMIT ${most}`
}

/** The sums of every bucket and group that has records. */
function cellsSql(groupBy: readonly Dimension[], condition: string): string {
  const groups = groupBy.map((dimension) => `${RECORD_COLUMNS[dimension][0]} AS ${dimension}`)
  const sums = [
    'count(DISTINCT request_id) AS requests',
    'count(*) AS modelCalls',
    ...TOKEN_FIELDS.map((field) => `${sumTokens(RECORD_COLUMNS[field][0])} AS ${field}`),
    `sum(${INCOMPLETE}) AS incomplete`,
    ...sumMoney('cost_nano_usd', 'cost'),
    ...sumMoney('provider_cost_nano_usd', 'providerCost'),
  ]
  return `cells AS (
    SELECT ${['bucket', ...groups, ...sums].join(', ')}
    FROM edges CROSS JOIN records ON created_at >= edges.start AND created_at < edges.stop
    WHERE ${condition}
    GROUP BY ${['bucket', ...groupBy].join(', ')}
  )`
}

const NO_OUTPUT = OPERATIONS_WITHOUT_OUTPUT.map((operation) => `'${operation}'`).join(', ')

/** `isIncomplete` of core's store kit. */
const INCOMPLETE = `final = 0 OR CASE
  WHEN coalesce(input_tokens, output_tokens, total_tokens) IS NULL
  THEN units IS NULL OR coalesce(operation NOT IN (${NO_OUTPUT}), 0)
  ELSE input_tokens IS NULL OR (output_tokens IS NULL AND coalesce(operation NOT IN (${NO_OUTPUT}), 1)) END`

/** As a double: exact up to 2^53, `NULL` where no count is known, and no overflow beyond. */
function sumTokens(column: string): string {
  return `sum(${column} + 0.0)`
}

function sumMoney(column: string, name: string): string[] {
  return [
    `CAST(sum(${column} / ${NANO}) AS TEXT) AS ${name}Dollars`,
    `CAST(sum(${column} % ${NANO}) AS TEXT) AS ${name}Nano`,
  ]
}
