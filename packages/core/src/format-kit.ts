/**
 * What a format in another package needs: values of the wire as they can be believed, and counts made into a line whose
 * parts add up. Import it as `@withusage/core/format-kit`; `defineFormat` is of the main entry.
 */
export type { SettleOptions, TokenCounts } from './formats/accounting.ts'
export { hasCounts, NO_COUNTS, usageLine } from './formats/accounting.ts'
export { readProviderCost } from './formats/provider-cost.ts'
export type { Wire } from './formats/wire.ts'
export { add, count, firstCount, isGarbled, list, object, text } from './formats/wire.ts'
export type { TokenField } from './record.ts'
