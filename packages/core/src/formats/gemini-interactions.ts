import type { Replay } from '../types.ts'
import { usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { type GoogleCounts, readGoogleUsage, saysUsage } from './gemini-usage.ts'
import { object, text, type Wire } from './wire.ts'

interface InteractionSeen {
  model: string | null
  responseId: string | null
  serviceTier: string | null
  createdAt: Date | null
  /** The body is an interaction that is still worked on. */
  pending: boolean
  /** The interaction has ended: nothing is counted any more. */
  ended: boolean
  usage: Wire | null
}

const NOTHING_SEEN: InteractionSeen = {
  model: null,
  responseId: null,
  serviceTier: null,
  createdAt: null,
  pending: false,
  ended: false,
  usage: null,
}

/** States in which an interaction is still worked on. */
const WORKING: readonly unknown[] = ['queued', 'in_progress']

/**
 * Gemini's interactions: `POST /v1beta/interactions`, JSON or SSE.
 *
 * Usage is on the interaction, which a stream repeats in its first and last events; any event may hold the total so far
 * in its `metadata`. Thoughts lie beside the output, and
 * tool-use prompts beside the input. Vertex documents the fields in camel case. An agent answers in place of a model.
 *
 * An interaction is stored and can be fetched again, and does not say whether it was made in the background: every one
 * that has ended is billed once, by its id, whether it was answered or fetched.
 *
 * @see https://ai.google.dev/api/interactions-api
 * @see https://docs.cloud.google.com/gemini-enterprise-agent-platform/reference/rest/v1beta1/Usage
 */
export const geminiInteractions = defineFormat<InteractionSeen>({
  name: 'gemini-interactions',
  operation: 'chat',
  matches: ({ data }) => isInteraction(object(data)) || isInteractionEvent(object(data)),
  start: () => NOTHING_SEEN,
  read(seen, { data, document }) {
    const body = object(data)
    const interaction = isInteraction(body) ? body : object(body?.interaction)
    const told = interaction ? readInteraction(seen, interaction, document) : seen
    return { ...told, usage: usageIn(interaction?.usage) ?? usageIn(object(body?.metadata)?.total_usage) ?? seen.usage }
  },
  finish(seen) {
    const { model, responseId, serviceTier, usage, ended } = seen
    const read = usage ? readUsage(usage) : null
    const lines = read ? [usageLine(read.counts, { model, final: ended, serviceTier }, read.options)] : []
    return { model, responseId, lines, raw: usage, replay: replayOf(seen) }
  },
})

/** `object` names it, or else what an interaction alone has: a state, and steps (before May 2026: outputs). */
function isInteraction(body: Wire | null): boolean {
  if (body?.object !== undefined) return body.object === 'interaction'
  return text(body?.id) !== null && text(body?.status) !== null && Array.isArray(body?.steps ?? body?.outputs)
}

function isInteractionEvent(body: Wire | null): boolean {
  return typeof body?.event_type === 'string' && /^(interaction|step|content)\./.test(body.event_type)
}

function readInteraction(seen: InteractionSeen, interaction: Wire, document: boolean): InteractionSeen {
  const ended = text(interaction.status) !== null && !WORKING.includes(interaction.status)
  return {
    ...seen,
    model: seen.model ?? text(interaction.model) ?? text(interaction.agent),
    responseId: seen.responseId ?? text(interaction.id),
    serviceTier: text(interaction.service_tier) ?? text(interaction.serviceTier) ?? seen.serviceTier,
    createdAt: timeOf(interaction.created) ?? seen.createdAt,
    pending: document && !ended,
    ended,
  }
}

/** The value if it is usage, not the empty object of an interaction that has only begun. */
function usageIn(value: unknown): Wire | null {
  const usage = object(value)
  return usage && saysUsage(readUsage(usage)) ? usage : null
}

function readUsage(usage: Wire): GoogleCounts {
  return readGoogleUsage({
    prompt: usage.total_input_tokens ?? usage.totalInputTokens,
    toolUse: usage.total_tool_use_tokens ?? usage.totalToolUseTokens,
    candidates: usage.total_output_tokens ?? usage.totalOutputTokens,
    thoughts: usage.total_thought_tokens ?? usage.totalThoughtTokens,
    cached: usage.total_cached_tokens ?? usage.totalCachedTokens,
    total: usage.total_tokens ?? usage.totalTokens,
    promptDetails: usage.input_tokens_by_modality ?? usage.inputTokensByModality,
    toolUseDetails: usage.tool_use_tokens_by_modality ?? usage.toolUseTokensByModality,
    candidatesDetails: usage.output_tokens_by_modality ?? usage.outputTokensByModality,
  })
}

/** Older than the API: no time that can be believed. */
const EARLIEST = Date.UTC(2025, 0, 1)
const LATEST = Date.UTC(2200, 0, 1)

/** `'2026-05-15T18:52:05Z'` */
function timeOf(value: unknown): Date | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return time >= EARLIEST && time <= LATEST ? new Date(time) : null
}

/** Nothing can be fetched again of a stream that broke off, and of an interaction without usage nothing is billed. */
function replayOf({ responseId, createdAt, pending, ended, usage }: InteractionSeen): Replay | null {
  if (responseId === null || !(pending || (ended && usage))) return null
  return { key: `gemini-interactions:${responseId}`, createdAt, billable: ended }
}
