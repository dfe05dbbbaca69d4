import type { FilterPlan } from '@withusage/core/store-kit'
import { RECORD_COLUMNS } from './columns.ts'
import type { Cell } from './driver.ts'

/** A condition for `WHERE` and the parameters of its question marks. */
export interface Condition {
  sql: string
  parameters: Cell[]
}

/** Every filter as one condition. Column names are ours; what the user gave is a parameter. */
export function filterCondition(filter: readonly FilterPlan[]): Condition {
  const conditions = filter.map(({ dimension, values, orNull }) => {
    const column = RECORD_COLUMNS[dimension][0]
    const known = `${column} IN (SELECT value FROM json_each(?))`
    return { sql: orNull ? `(${known} OR ${column} IS NULL)` : known, parameters: [JSON.stringify(values)] }
  })
  return {
    sql: ['1', ...conditions.map(({ sql }) => sql)].join(' AND '),
    parameters: conditions.flatMap(({ parameters }) => parameters),
  }
}
