import type { UsageRecord } from '../record.ts'

/**
 * Operations that read and generate nothing, `'embeddings'`: their lines need no output count. The last two are no names
 * of OpenTelemetry, which has none for them.
 */
export const OPERATIONS_WITHOUT_OUTPUT: readonly string[] = ['embeddings', 'rerank', 'classification']

/**
 * True when the counts are a lower bound, or one is not known that there should be. What generates nothing has no output
 * count, and what is billed by the unit alone (searches, seconds of audio) has none at all.
 */
export function isIncomplete(record: UsageRecord): boolean {
  const { final, operation, inputTokens, outputTokens, totalTokens } = record
  if (!final) return true
  const withoutOutput = operation !== null && OPERATIONS_WITHOUT_OUTPUT.includes(operation)
  if (inputTokens === null && outputTokens === null && totalTokens === null)
    return record.units === null || (operation !== null && !withoutOutput)
  return inputTokens === null || (outputTokens === null && !withoutOutput)
}
