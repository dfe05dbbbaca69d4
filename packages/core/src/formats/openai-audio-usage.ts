import type { UsageLine } from '../types.ts'
import { readOpenAiLines } from './openai-usage.ts'
import { text, type Wire } from './wire.ts'

/**
 * The line of an audio usage object: tokens, or the `seconds` that are billed, or both (Mistral).
 *
 * @see https://platform.openai.com/docs/api-reference/audio/json-object
 * @see https://docs.mistral.ai/api/endpoint/audio/transcriptions
 */
export function readAudioLines(usage: Wire | null, model: string | null): UsageLine[] {
  const audioSeconds = amount(usage?.seconds) ?? amount(usage?.prompt_audio_seconds)
  const units = audioSeconds === null ? null : { audioSeconds }
  return readOpenAiLines(usage, { model, final: true, units, serviceTier: text(usage?.service_tier) })
}

function amount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
