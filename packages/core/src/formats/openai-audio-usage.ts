import type { UsageLine } from '../types.ts'
import { hasCounts, usageLine } from './accounting.ts'
import { isGarbledUsage, readOpenAiUsage } from './openai-usage.ts'
import { text, type Wire } from './wire.ts'

/**
 * The line of an audio usage object: tokens, or the `seconds` that are billed, or both (Mistral).
 *
 * @see https://platform.openai.com/docs/api-reference/audio/json-object
 * @see https://docs.mistral.ai/api/endpoint/audio/transcriptions
 */
export function readAudioLines(usage: Wire | null, model: string | null): UsageLine[] {
  if (!usage) return []
  const counts = readOpenAiUsage(usage)
  const audioSeconds = amount(usage.seconds) ?? amount(usage.prompt_audio_seconds)
  if (!hasCounts(counts) && audioSeconds === null) return []
  const rest = {
    model,
    final: true,
    units: audioSeconds === null ? null : { audioSeconds },
    serviceTier: text(usage.service_tier),
  }
  return [usageLine(counts, rest, { garbled: isGarbledUsage(usage) })]
}

function amount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
