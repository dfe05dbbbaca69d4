import type { UsageLine } from '../types.ts'
import { hasCounts, usageLine } from './accounting.ts'
import { isGarbledUsage, readBedrockUsage } from './bedrock-usage.ts'
import { defineFormat } from './format.ts'
import { object, text, type Wire } from './wire.ts'

interface ConverseSeen {
  usage: Wire | null
  serviceTier: string | null
}

/** The members of `ConverseStreamOutput`, but for `metadata`, which is no one's word. */
const EVENTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop'] as const

/**
 * Bedrock Converse: `POST /model/{modelId}/converse`, one JSON document, and `/converse-stream`, an AWS event stream
 * whose `metadata` event tells the usage. InvokeModel answers so too for Amazon Nova. The model is in the path alone.
 *
 * `inputTokens` leaves the cache out; `totalTokens` counts it.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 */
export const bedrockConverse = defineFormat<ConverseSeen>({
  name: 'bedrock-converse',
  operation: 'chat',
  matches: ({ data }) => isConverse(object(data)),
  start: () => ({ usage: null, serviceTier: null }),
  read(seen, { data }) {
    const body = object(data)
    const told = isAnswer(body) ? body : object(body?.metadata)
    return {
      usage: object(told?.usage) ?? seen.usage,
      serviceTier: text(object(told?.serviceTier)?.type) ?? seen.serviceTier,
    }
  },
  finish({ usage, serviceTier }) {
    const lines = usage ? readLines(usage, serviceTier) : []
    return { model: null, responseId: null, lines, raw: usage }
  },
})

function isConverse(body: Wire | null): boolean {
  return isAnswer(body) || EVENTS.some((event) => object(body?.[event])) || isMetadata(object(body?.metadata))
}

function isAnswer(body: Wire | null): boolean {
  return object(object(body?.output)?.message) !== null && (text(body?.stopReason) ?? object(body?.usage)) !== null
}

function isMetadata(metadata: Wire | null): boolean {
  return hasCounts(readBedrockUsage(object(metadata?.usage) ?? {}))
}

function readLines(usage: Wire, serviceTier: string | null): UsageLine[] {
  const counts = readBedrockUsage(usage)
  if (!hasCounts(counts)) return []
  return [usageLine(counts, { model: null, final: true, serviceTier }, { garbled: isGarbledUsage(usage) })]
}
