import type { SpanContext } from '@opentelemetry/api'
import type { Statements } from './handle.ts'
import { cleanTags, type RecordedIdentity, recordedIdentity } from './identity.ts'
import { derivedId, uuidv7 } from './ids.ts'
import type { UsageRecord } from './record.ts'
import { isEvidence, stampedUsage, type UsageStamp } from './stamp.ts'
import { cleanText, TEXT_LIMITS } from './text.ts'
import { traceOf } from './trace.ts'
import type { Evidence, FallbackUser, Identity, Outcome, Reading, TokenUsage, UsageLine } from './types.ts'
import type { UpstreamUsage } from './upstream.ts'
import type { Ending } from './verdict.ts'

/** Everything that was seen of one request. */
export interface Observed extends Statements {
  /** When the request began. */
  createdAt: Date
  method: string
  path: string
  requestHeaders: { get(name: string): string | null }
  /** `null` when the handler threw. */
  responseHeaders: Headers | null
  /** What the request asks for, `null` when it does not say. */
  requestedModel: string | null
  spanContext: SpanContext | null
  status: number
  threw: boolean
  bodyless: boolean
  streamed: boolean
  ending: Ending
  durationMs: number
  timeToFirstByteMs: number | null
  reading: Reading | null
  /** Whose response was read: the handler's, or that of a provider that the process called. */
  readFrom: 'body' | 'upstream'
  /** What the calls that were metered inside the request used. */
  upstream: readonly UpstreamUsage[]
}

export interface RecordContext {
  endpoint: string
  identity: Identity | null | undefined
  /** Pays when the identity names no user. */
  fallbackUser: FallbackUser | null
  /** A value was longer than its limit. */
  onCut(): void
}

/** One model call, with its evidence: what a record says that is not said of the whole request. */
interface Line {
  evidence: Evidence
  usage: TokenUsage
  servedModel: string | null
  consistent: boolean
  final: boolean
  raw: unknown
  /** The stamp whose facts belong to this line alone. */
  stamp: UsageStamp | null
  /** Added by `addUsage`: another call, of which the facts of the request's own call say nothing. */
  added: boolean
  /** Which line of its reading. */
  place: number
  /** The metered call inside the request that this line is of. */
  call: UpstreamUsage | null
}

/** The records of one settled request, in the order of their lines; `null` when no user can be named. */
export function buildRecords(seen: Observed, context: RecordContext): UsageRecord[] | null {
  const { fallbackUser, onCut } = context
  const identity =
    recordedIdentity(context.identity, onCut) ?? recordedIdentity(fallbackUser && { user: fallbackUser }, onCut)
  if (identity === null) return null
  const shared = sharedFields(seen, identity, context)
  return linesOf(seen).map((line, index) => recordOf(line, index, seen, shared))
}

/** The primary lines come from one kind of evidence; added lines are always additional. */
function linesOf(seen: Observed): Line[] {
  const primary = primaryLines(seen)
  if (seen.added.length === 0) return primary
  return [...primary, ...seen.added.map((stamp) => ({ ...stampedLine(stamp, null), added: true }))]
}

function primaryLines({ stamp, reading, readFrom, upstream }: Observed): Line[] {
  if (isEvidence(stamp)) return [stampedLine(stamp, reading?.model ?? null)]
  const lines =
    upstream.length > 0
      ? upstream.flatMap((call) => readLines(call.reading, 'upstream', call))
      : reading
        ? readLines(reading, readFrom, null)
        : []
  const [only, another] = lines
  if (only && !another) return [{ ...only, servedModel: stampedModel(stamp) ?? only.servedModel, stamp }]
  return lines
}

function readLines(reading: Reading, evidence: Evidence, call: UpstreamUsage | null): Line[] {
  return reading.lines.map((usage: UsageLine, place) => ({
    evidence,
    usage,
    servedModel: usage.model ?? reading.model,
    consistent: usage.consistent,
    final: usage.final,
    raw: reading.raw,
    stamp: null,
    added: false,
    place,
    call,
  }))
}

function stampedLine(stamp: UsageStamp, readModel: string | null): Line {
  const usage = stampedUsage(stamp)
  const sum = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
  return {
    evidence: 'stamp',
    usage,
    servedModel: stampedModel(stamp) ?? readModel,
    consistent: usage.totalTokens === null || usage.totalTokens === sum,
    final: true,
    raw: null,
    stamp,
    added: false,
    place: 0,
    call: null,
  }
}

function stampedModel(stamp: UsageStamp | null): string | null {
  return stamp?.servedModel ?? stamp?.model ?? null
}

const OUTCOMES: Record<Ending, Outcome> = {
  complete: 'complete',
  drained: 'cancelled',
  cancelled: 'cancelled',
  failed: 'failed',
  idle_timeout: 'cancelled',
}

/** An SDK reads to the last event and no further: a provider that had finished counting was heard to the end. */
function outcomeOf({ ending, readFrom, reading }: Observed): Outcome {
  const lines = readFrom === 'upstream' && reading ? reading.lines : []
  const heard = OUTCOMES[ending] === 'cancelled' && lines.length > 0 && lines.every(({ final }) => final)
  return heard ? 'complete' : OUTCOMES[ending]
}

/** What all records of the request share. */
interface SharedFields {
  identity: RecordedIdentity
  tags: Record<string, string>
  endpoint: string
  outcome: Outcome
  streamed: boolean
  correlationId: string | null
  traceId: string | null
  spanId: string | null
  /** As that of the context. */
  onCut(): void
}

function sharedFields(seen: Observed, identity: RecordedIdentity, context: RecordContext): SharedFields {
  const { endpoint, onCut } = context
  const trace = traceOf(seen.spanContext, seen.requestHeaders)
  return {
    identity,
    tags: { ...context.identity?.tags, ...seen.stamp?.tags },
    endpoint,
    outcome: outcomeOf(seen),
    streamed: seen.reading?.streamed ?? seen.streamed,
    correlationId: cleanText(correlationId(seen) ?? trace.traceId, TEXT_LIMITS.id, onCut),
    traceId: cleanText(trace.traceId, TEXT_LIMITS.id),
    spanId: cleanText(trace.spanId, TEXT_LIMITS.id),
    onCut,
  }
}

/** The first that says something: an empty header is none. */
function correlationId({ stamp, requestHeaders, responseHeaders }: Observed): string | null {
  return (
    stamp?.correlationId ||
    responseHeaders?.get('x-correlation-id') ||
    requestHeaders.get('x-correlation-id') ||
    requestHeaders.get('x-request-id') ||
    null
  )
}

/** What a result says of itself is one record, however often it is fetched; what was added is of this request alone. */
function idOf({ evidence, place, call }: Line, seen: Observed): string {
  const replay = evidence === 'stamp' ? null : (call?.reading ?? seen.reading)?.replay
  return replay
    ? derivedId(replay.key, place, replay.createdAt?.getTime() ?? 0)
    : uuidv7(recordTime(seen, call).getTime())
}

/** When the request began, or when a result that can be fetched again was made. */
function recordTime({ reading, createdAt }: Observed, call: UpstreamUsage | null): Date {
  return (call?.reading ?? reading)?.replay?.createdAt ?? createdAt
}

/** What the request asked for; where that is not known, what its call did. */
function requestedModel({ stamp, requestedModel }: Observed, call: UpstreamUsage | null): string | null {
  return stamp?.requestedModel ?? requestedModel ?? call?.requestedModel ?? null
}

/** One literal with every field by its name: to copy parts into one takes several times as long. */
function recordOf(line: Line, index: number, seen: Observed, shared: SharedFields): UsageRecord {
  const { stamp, usage, added, call } = line
  const { identity, onCut } = shared
  const reading = call ? call.reading : seen.reading
  // A handler may end its body early when it hears that the client has left: a drain does not tell that from a whole one.
  const complete = call ? call.complete : seen.ending === 'complete'
  const read = added ? null : reading
  const filtered = index === 0 ? seen.stamp : null
  return {
    recordVersion: 1,
    id: idOf(line, seen),
    requestId: seen.requestId,
    line: index,
    createdAt: recordTime(seen, call),
    durationMs: seen.durationMs,
    timeToFirstByteMs: seen.timeToFirstByteMs,
    streamed: shared.streamed,
    status: seen.status,
    outcome: shared.outcome,
    evidence: line.evidence,
    endpoint: shared.endpoint,
    operation: cleanText(stamp?.operation ?? read?.operation, TEXT_LIMITS.word, onCut),
    provider: cleanText(added ? stamp?.provider : seen.stamp?.provider, TEXT_LIMITS.word, onCut),
    format: reading?.format ?? null,
    requestedModel: cleanText(requestedModel(seen, call), TEXT_LIMITS.model, onCut),
    servedModel: cleanText(line.servedModel, TEXT_LIMITS.model, onCut),
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    totalTokens: usage.totalTokens,
    cacheReadTokens: usage.cacheReadTokens,
    cacheWriteTokens: usage.cacheWriteTokens,
    cacheWrite1hTokens: usage.cacheWrite1hTokens,
    reasoningTokens: usage.reasoningTokens,
    inputAudioTokens: usage.inputAudioTokens,
    outputAudioTokens: usage.outputAudioTokens,
    inputImageTokens: usage.inputImageTokens,
    outputImageTokens: usage.outputImageTokens,
    units: usage.units,
    serviceTier: cleanText(usage.serviceTier, TEXT_LIMITS.word, onCut),
    providerCostNanoUsd: usage.providerCostNanoUsd,
    consistent: line.consistent,
    final: line.final || (complete && !reading?.interrupted),
    preFilterInputTokens: filtered?.preFilterInputTokens ?? stamp?.preFilterInputTokens ?? null,
    postFilterInputTokens: filtered?.postFilterInputTokens ?? stamp?.postFilterInputTokens ?? null,
    prefillTokens: stamp?.prefillTokens ?? read?.prefillTokens ?? null,
    draftTokens: stamp?.draftTokens ?? read?.draftTokens ?? null,
    userId: identity.userId,
    userName: identity.userName,
    source: identity.source,
    apiKeyId: identity.apiKeyId,
    apiKeyName: identity.apiKeyName,
    projectId: identity.projectId,
    tags: cleanTags(stamp?.tags ? { ...shared.tags, ...stamp.tags } : shared.tags, onCut),
    correlationId: shared.correlationId,
    responseId: cleanText(stamp?.responseId ?? read?.responseId, TEXT_LIMITS.id, onCut),
    traceId: shared.traceId,
    spanId: shared.spanId,
    costNanoUsd: null,
    pricingVersion: null,
    raw: line.raw,
  }
}
