import type { UsageLine } from '../types.ts'
import { hasCounts, usageLine } from './accounting.ts'
import { shareByModel } from './anthropic-iterations.ts'
import { isGarbledUsage, readAnthropicUsage, readServerTools } from './anthropic-usage.ts'
import { defineFormat, type WatchedKey, type WireEvent } from './format.ts'
import { readProviderCost } from './provider-cost.ts'
import { list, object, text, type Wire } from './wire.ts'

interface MessagesSeen {
  model: string | null
  responseId: string | null
  /** Each event's non-null fields over those of the events before. */
  usage: Wire
  /** `output_tokens` is more than the placeholder of `message_start`. */
  outputCounted: boolean
  ended: boolean
}

const NOTHING_SEEN: MessagesSeen = { model: null, responseId: null, usage: {}, outputCounted: false, ended: false }

/** The fields of a usage object that are kept from event to event. */
const USAGE_FIELDS = [
  'input_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'output_tokens',
  'output_tokens_details',
  'server_tool_use',
  'iterations',
  'service_tier',
  'inference_geo',
  'cost',
] as const

/** `message` itself, and the events of it. */
const WATCHED: readonly WatchedKey[] = [{ key: 'type', only: ['message'] }]

/**
 * Anthropic Messages: `POST /v1/messages`, JSON or SSE.
 *
 * Input and cache counts arrive in `message_start`; `message_delta` is cumulative, so a later non-null field replaces
 * the earlier one. The output count of `message_start` is a placeholder and no count.
 *
 * @see https://docs.claude.com/en/api/messages-streaming
 */
export const anthropicMessages = defineFormat<MessagesSeen>({
  name: 'anthropic-messages',
  operation: 'chat',
  matches: ({ data }) => isMessage(object(data)) || isMessageEvent(object(data)),
  start: () => NOTHING_SEEN,
  read: readEvent,
  watch: () => WATCHED,
  finish(seen, complete) {
    const { model, responseId, usage } = seen
    const lines = readLines(seen, seen.outputCounted && (complete || seen.ended))
    return { model: lines[0]?.model ?? model, responseId, lines, raw: lines.length > 0 ? usage : null }
  },
})

function isMessage(body: Wire | null): boolean {
  return body?.type === 'message' && (body.role === 'assistant' || object(body.usage) !== null)
}

function isMessageEvent(body: Wire | null): boolean {
  return (
    typeof body?.type === 'string' && /^(message_(start|delta|stop)|content_block_(start|delta|stop))$/.test(body.type)
  )
}

function readEvent(seen: MessagesSeen, { data }: WireEvent): MessagesSeen {
  const body = object(data)
  if (body && isMessage(body)) return readMessage(body, true)
  if (body?.type === 'message_start') return readMessage(object(body.message) ?? {}, false)
  if (body?.type === 'message_delta') return readDelta(seen, body)
  if (body?.type === 'message_stop') return { ...seen, ended: true }
  return seen
}

function readMessage(message: Wire, whole: boolean): MessagesSeen {
  return {
    model: text(message.model),
    responseId: text(message.id),
    usage: mergeUsage({}, object(message.usage) ?? {}),
    outputCounted: whole,
    ended: whole,
  }
}

function readDelta(seen: MessagesSeen, event: Wire): MessagesSeen {
  const usage = object(event.usage)
  if (!usage) return seen
  // Before any output is counted, a list of what was sampled is no more than a placeholder either.
  const before = seen.outputCounted ? seen.usage : { ...seen.usage, iterations: null }
  return {
    ...seen,
    usage: mergeUsage(before, usage),
    outputCounted: seen.outputCounted || countsOutput(usage),
    ended: text(object(event.delta)?.stop_reason) !== null,
  }
}

/** Or lists what was sampled, of which the output is the sum. */
function countsOutput(usage: Wire): boolean {
  return readAnthropicUsage(usage).outputTokens !== null || list(usage.iterations).length > 0
}

function mergeUsage(before: Wire, usage: Wire): Wire {
  const merged: Record<string, unknown> = { ...before }
  for (const field of USAGE_FIELDS) merged[field] = usage[field] ?? merged[field]
  return merged
}

function readLines({ model, usage, outputCounted }: MessagesSeen, final: boolean): UsageLine[] {
  const counted = outputCounted
    ? usage
    : { ...usage, output_tokens: null, output_tokens_details: null, iterations: null }
  const shares = shareByModel(counted, model).filter(({ counts }) => hasCounts(counts))
  return shares.map((share, index) =>
    usageLine(
      share.counts,
      {
        model: share.model,
        final,
        serviceTier: text(usage.service_tier),
        units: index === 0 ? readServerTools(usage) : null,
        providerCostNanoUsd: index === 0 ? readProviderCost(usage) : null,
      },
      { garbled: isGarbledUsage(usage) },
    ),
  )
}
