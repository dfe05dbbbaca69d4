/**
 * What a store in another package needs: queries planned into instants, answers made of sums, and the rules on
 * duplicates and on what can be stored; for a store without a query language also the answers themselves, worked out
 * over records. Import it as `@withusage/core/store-kit`.
 */
export { countAccount } from './stores/account.ts'
export type { UsageCell, UsageSums } from './stores/answer.ts'
export { answerAccount, answerAggregate, MAX_ROWS, spanOf } from './stores/answer.ts'
export { checkRecord, checkTally } from './stores/checks.ts'
export { isIncomplete, OPERATIONS_WITHOUT_OUTPUT } from './stores/incomplete.ts'
export { pageRecords } from './stores/page.ts'
export type { AccountPlan, AggregatePlan, FilterPlan, RecordPosition, RecordsPlan } from './stores/plan.ts'
export { cursorAfter, planAccount, planAggregate, planPrune, planRecords } from './stores/plan.ts'
export type { RequestLines } from './stores/requests.ts'
export { requestsOf, withoutDuplicates } from './stores/requests.ts'
export { storableJson, storableRecord, storableTally, storableText } from './stores/storable.ts'
export { sumRecords } from './stores/sum.ts'
