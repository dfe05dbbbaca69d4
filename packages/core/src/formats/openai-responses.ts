import type { Replay } from '../types.ts'
import { hasCounts, usageLine } from './accounting.ts'
import { defineFormat, type WatchedKey } from './format.ts'
import { isGarbledUsage, readOpenAiUsage } from './openai-usage.ts'
import { readProviderCost } from './provider-cost.ts'
import { object, text, unixTime, type Wire } from './wire.ts'

interface ResponsesSeen {
  model: string | null
  responseId: string | null
  serviceTier: string | null
  createdAt: Date | null
  /** Made with `background: true`: it is fetched, perhaps often, and not streamed to its end. */
  background: boolean
  /** The response has ended: nothing is counted any more. */
  ended: boolean
  usage: Wire | null
}

const NOTHING_SEEN: ResponsesSeen = {
  model: null,
  responseId: null,
  serviceTier: null,
  createdAt: null,
  background: false,
  ended: false,
  usage: null,
}

/** States in which a response is still worked on, and the events that tell of them. Any other state is its last. */
const WORKING: readonly unknown[] = [
  'queued',
  'in_progress',
  'response.created',
  'response.queued',
  'response.in_progress',
]

const LAST_EVENTS: readonly unknown[] = ['response.completed', 'response.incomplete', 'response.failed']

/** A response is the event itself, or a field of it. */
const WATCHED: readonly WatchedKey[] = [{ key: 'object', only: ['response'] }, { key: 'response' }]

/**
 * OpenAI Responses: `POST /v1/responses` and `/v1/responses/compact`, JSON or SSE.
 *
 * Usage is on the response object, which a stream repeats in its first and last events and nowhere else; it is null
 * until the response has completed, stopped early or failed.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export const openaiResponses = defineFormat<ResponsesSeen>({
  name: 'openai-responses',
  operation: 'chat',
  matches: ({ data }) => isResponse(object(data)) || isResponseEvent(object(data)),
  start: () => NOTHING_SEEN,
  read(seen, { data }) {
    const body = object(data)
    const response = isResponse(body) ? body : object(body?.response)
    return response ? readResponse(seen, response, hasEnded(body?.type, response.status)) : seen
  },
  watch: () => WATCHED,
  finish(seen) {
    const { model, responseId, serviceTier, usage, ended } = seen
    const providerCostNanoUsd = usage ? readProviderCost(usage) : null
    const rest = { model, final: ended, serviceTier, providerCostNanoUsd }
    const lines = usage ? [usageLine(readOpenAiUsage(usage), rest, { garbled: isGarbledUsage(usage) })] : []
    return { model, responseId, lines, raw: usage, replay: replayOf(seen) }
  },
})

/** The event decides: some proxies leave in it the state that the response had before. */
function hasEnded(event: unknown, status: unknown): boolean {
  return LAST_EVENTS.includes(event) || !(WORKING.includes(status) || WORKING.includes(event))
}

function isResponse(body: Wire | null): boolean {
  return body?.object === 'response' || body?.object === 'response.compaction'
}

function isResponseEvent(body: Wire | null): boolean {
  return typeof body?.type === 'string' && body.type.startsWith('response.')
}

function readResponse(seen: ResponsesSeen, response: Wire, ended: boolean): ResponsesSeen {
  const usage = ended ? object(response.usage) : null
  return {
    model: seen.model ?? text(response.model),
    responseId: seen.responseId ?? text(response.id),
    serviceTier: text(response.service_tier) ?? seen.serviceTier,
    createdAt: seen.createdAt ?? unixTime(response.created_at),
    background: seen.background || response.background === true,
    ended,
    usage: usage && hasCounts(readOpenAiUsage(usage)) ? usage : seen.usage,
  }
}

function replayOf({ background, responseId, createdAt, ended }: ResponsesSeen): Replay | null {
  if (!background || responseId === null) return null
  return { key: `openai-responses:${responseId}`, createdAt, billable: ended }
}
