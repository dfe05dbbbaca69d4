import type { UsageStore } from '../types.ts'
import { answerAggregate } from './answer.ts'
import { planAccount, planAggregate, planPrune, planRecords } from './plan.ts'

/**
 * Acknowledges everything and keeps nothing: for an endpoint that only wants metrics. Answers as an empty store does,
 * also after `close()`.
 */
export function disabledStore(): UsageStore {
  return {
    async write() {
      return { duplicates: [], foreign: [] }
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
      planPrune(query)
      return { records: 0, tallies: 0 }
    },
    async close() {},
  }
}
