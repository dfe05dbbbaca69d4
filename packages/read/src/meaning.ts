import type { Reason } from '@withusage/core'
import type { Apparent } from './apparent.ts'
import type { Finding } from './examine.ts'

/** What a reason means to someone whose bill is wrong, and what to do. Only reasons that a response itself can give. */
const MEANINGS: Partial<Record<Reason, string>> = {
  no_usage:
    'The response is whole and tells of no usage where its format documents it, so it costs something and nobody knows how much. ' +
    'OpenAI streams tell only when the request asks: stream_options: { include_usage: true }. Otherwise use stampUsage().',
  unreadable_body:
    'It says that it is JSON or an event stream and is not, or it was cut off before its end. A saved file is often cut: save it again, whole.',
  encoded_body:
    'Its bytes are compressed in a way that was not recognised. Decode it first, or meter before the compression.',
  too_large:
    'A document of more than 8 MiB, or one event of more than 8 MiB with no usage after it. Raise maxBodyBytes or maxEventBytes, or use stampUsage().',
  failed: 'The body broke off while it was read.',
  cancelled: 'The body was left before its end.',
  status_3xx: 'A redirect that tells of no usage. What it leads to is counted by whoever serves that.',
  status_4xx: 'A client error that tells of no usage. Providers do not charge for these.',
  status_5xx: 'A server error that tells of no usage. Providers do not charge for these.',
  not_inference:
    'Nothing was inferred: no body, a method or path that only fetches or counts tokens, or a stored result that was paid for when it was made.',
  deferred: 'It is made in the background and is not finished: it counts when it is fetched, finished.',
}

const NO_FORMAT =
  'It is of no wire format that is known: no model answers like this, or its provider needs a format of its own (docs/adding-a-format.md) or stampUsage().'
const REQUEST = 'It is a request, as it goes to a model, and no answer. Save what came back.'
const NOTHING = 'It is empty: there is no body, or it was saved without one. Save it again, with its body.'
const MID_STREAM =
  'before it told of its usage. What was made until then may be charged: ask the provider, or use stampUsage().'
const ERROR =
  'it tells of no usage, and providers do not charge for these. Under its own status, 4xx or 5xx, it is ignored; ' +
  'under 200, and so without a head, it is unrecorded.'

export function meaningOf(reason: Reason, { reading, apparent }: Pick<Finding, 'reading' | 'apparent'>): string {
  const meaning = MEANINGS[reason] ?? 'See docs/account.md.'
  if (/^status_[45]xx$/.test(reason)) return meaning + said(apparent)
  if (reason !== 'no_usage') return meaning
  return (apparent && seeming(apparent)) ?? (reading.format === null ? NO_FORMAT : meaning)
}

function seeming(apparent: Apparent): string {
  if (apparent.kind !== 'error') return apparent.kind === 'request' ? REQUEST : NOTHING
  const words = apparent.words.length > 0 ? ` (${apparent.words.join(', ')})` : ''
  return apparent.midStream
    ? `An error${words} ended the stream ${MID_STREAM}`
    : `It is an error answer${words}: ${ERROR}`
}

function said(apparent: Apparent | null): string {
  return apparent?.kind === 'error' && apparent.words.length > 0 ? ` It says: ${apparent.words.join(', ')}.` : ''
}
