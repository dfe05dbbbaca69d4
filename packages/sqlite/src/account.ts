import type { AccountBucket } from '@withusage/core'
import { type AccountPlan, answerAccount, spanOf } from '@withusage/core/store-kit'
import type { Driver } from './driver.ts'
import { EDGES, edgesParameter } from './edges.ts'

/** One statement, so that records and tallies are seen at one moment. */
const ACCOUNT = `WITH ${EDGES}
  SELECT bucket, endpoint, 'recorded' AS account, NULL AS reason, count(*) AS requests
  FROM edges CROSS JOIN records ON created_at >= edges.start AND created_at < edges.stop
  WHERE opener = 1
  GROUP BY bucket, endpoint
  UNION ALL
  SELECT bucket, endpoint, account, reason, sum(count + 0.0) AS requests
  FROM edges CROSS JOIN tallies ON slot >= edges.start AND slot < edges.stop
  WHERE count > 0
  GROUP BY bucket, endpoint, account, reason`

export function account(driver: Driver, plan: AccountPlan): AccountBucket[] {
  const rows = driver.prepare(ACCOUNT).all(edgesParameter(plan.slotEdges)) as Row[]
  return answerAccount(rows.map(({ bucket, ...counted }) => ({ ...spanOf(plan.edges, bucket), ...counted })))
}

type Row = Omit<AccountBucket, 'start' | 'end'> & { bucket: number }
