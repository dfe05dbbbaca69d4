import { UsageError } from '../errors.ts'
import type { UsageRecord } from '../record.ts'
import { SLOT_MS } from '../tallies.ts'
import {
  type AccountQuery,
  type AggregateQuery,
  DIMENSIONS,
  type Dimension,
  type RecordsQuery,
  type UsageFilter,
} from '../types.ts'
import { bucketEdges, checkRange, instantOf } from './buckets.ts'
import { storableText } from './storable.ts'

/** An aggregate query, checked. */
export interface AggregatePlan {
  /** Epoch milliseconds: bucket `n` is `[edges[n], edges[n + 1])`. */
  edges: number[]
  /** Each dimension once. */
  groupBy: Dimension[]
  /** A record is summed when it passes all of them. */
  filter: FilterPlan[]
  /** `null`: all groups. */
  limit: number | null
}

/** A record passes when its field is one of the values. */
export interface FilterPlan {
  /** The field that is asked. */
  dimension: Dimension
  /** Allowed texts, as stores keep them. */
  values: string[]
  /** Records where the field is not known pass too. */
  orNull: boolean
}

/** An account query, checked. */
export interface AccountPlan {
  /** Of the buckets as asked for: epoch milliseconds. */
  edges: number[]
  /**
   * The same edges moved up to the next quarter of an hour: what began at or after one is in a slot at or after the
   * other, so records are counted by slot without computing one.
   */
  slotEdges: number[]
}

/** A records query, checked. */
export interface RecordsPlan {
  /** First instant, epoch milliseconds. */
  from: number
  /** First instant after the range, epoch milliseconds. */
  to: number
  /** A record is listed when it passes all of them. */
  filter: FilterPlan[]
  /** Records of the page. */
  limit: number
  /** The last record of the page before; `null` on the first page. */
  after: RecordPosition | null
}

/** Where a record stands in the order of `records()`. */
export interface RecordPosition {
  /** Epoch milliseconds. */
  createdAt: number
  /** Ranks records of one instant. */
  id: string
}

const DEFAULT_PAGE = 1_000
const MAX_PAGE = 10_000

/**
 * Checks an aggregate query and turns its range into instants.
 *
 * @throws UsageError `bad-option` for a query that cannot be, and past 10,000 buckets
 */
export function planAggregate(query: AggregateQuery): AggregatePlan {
  return {
    edges: bucketEdges(query),
    groupBy: planGroups(query.groupBy ?? []),
    filter: planFilter(query.filter),
    limit: query.limit === undefined ? null : planLimit(query.limit, Number.MAX_SAFE_INTEGER),
  }
}

/**
 * Checks an account query and turns its range into instants.
 *
 * @throws UsageError `bad-option` for a query that cannot be, and past 10,000 buckets
 */
export function planAccount(query: AccountQuery): AccountPlan {
  if ((query.bucket as string | null) === '1m')
    throw new UsageError('bad-option', "bucket: an account is kept by quarters of an hour; ask for '15m' or longer")
  const edges = bucketEdges(query)
  return { edges, slotEdges: edges.map((edge) => Math.ceil(edge / SLOT_MS) * SLOT_MS) }
}

/**
 * Checks a records query and reads its cursor.
 *
 * @throws UsageError `bad-option` for a query that cannot be, or a cursor that `records()` did not give
 */
export function planRecords(query: RecordsQuery): RecordsPlan {
  return {
    ...checkRange(query),
    filter: planFilter(query.filter),
    limit: planLimit(query.limit ?? DEFAULT_PAGE, MAX_PAGE),
    after: query.cursor === undefined || query.cursor === null ? null : readCursor(query.cursor),
  }
}

/**
 * The instant before which a prune removes, in epoch milliseconds.
 *
 * @throws UsageError `bad-option` when `before` is not a valid `Date`
 */
export function planPrune(query: { before: Date }): number {
  return instantOf('before', query.before)
}

/** The cursor of the page that ends with the record. */
export function cursorAfter(record: UsageRecord): string {
  return `${record.createdAt.getTime()}~${record.id}`
}

function readCursor(cursor: string): RecordPosition {
  const match = /^(-?\d{1,16})~(.+)$/.exec(String(cursor))
  if (!match?.[1] || !match[2]) throw new UsageError('bad-option', 'cursor: not one that records() gave')
  return { createdAt: Number(match[1]), id: match[2] }
}

function planGroups(groupBy: readonly Dimension[]): Dimension[] {
  for (const dimension of groupBy) checkDimension('groupBy', dimension)
  return [...new Set(groupBy)]
}

function planFilter(filter: UsageFilter = {}): FilterPlan[] {
  return Object.keys(filter).flatMap((key) => {
    const dimension = checkDimension('filter', key)
    const allowed = filter[dimension]
    if (allowed === undefined) return []
    if (!Array.isArray(allowed) || !allowed.every((value) => value === null || typeof value === 'string'))
      throw new UsageError('bad-option', `filter.${dimension}: expected an array of strings and null`)
    const values = allowed.filter((value): value is string => value !== null).map(storableText)
    return [{ dimension, values, orNull: values.length < allowed.length }]
  })
}

function checkDimension(option: string, value: string): Dimension {
  if (!(DIMENSIONS as readonly string[]).includes(value))
    throw new UsageError('bad-option', `${option}: ${JSON.stringify(value)} is none of ${DIMENSIONS.join(', ')}`)
  return value as Dimension
}

function planLimit(limit: number, most: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most)
    throw new UsageError('bad-option', `limit: expected a whole number from 1 to ${most}, got ${limit}`)
  return limit
}
