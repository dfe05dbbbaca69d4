import type { UsageStore } from '../types.ts'
import { answerAggregate } from './answer.ts'
import { instantOf } from './buckets.ts'
import { planAccount, planAggregate, planRecords } from './plan.ts'

/**
 * Acknowledges everything and keeps nothing: for an endpoint that only wants metrics. Answers as an empty store does,
 * also after `close()`.
 */
export function disabledStore(): UsageStore {
  return {
    async write() {
      return { duplicates: [] }
    },
    async aggregate(query) {
      return answerAggregate(planAggregate(query), [])
    },
    async account(query) {
      planAccount(query)
      return []
    },
    async records(query) {
      planRecords(query)
      return { records: [], cursor: null }
    },
    async prune(query) {
      instantOf('before', query.before)
      return { records: 0, tallies: 0 }
    },
    async close() {},
  }
}
