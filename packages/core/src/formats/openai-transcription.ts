import { defineFormat } from './format.ts'
import { readAudioLines } from './openai-audio-usage.ts'
import { object, text, type Wire } from './wire.ts'

interface TranscriptionSeen {
  model: string | null
  usage: Wire | null
}

/**
 * OpenAI transcriptions: `POST /v1/audio/transcriptions` and `/v1/audio/translations`, JSON or SSE, and Mistral's.
 *
 * Usage is tokens or seconds; Whisper's older answers have none. The `duration` beside it is the length of the audio,
 * not what is billed.
 *
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription
 */
export const openaiTranscription = defineFormat<TranscriptionSeen>({
  name: 'openai-transcription',
  operation: null,
  matches: ({ data, document }) => isTranscriptEvent(object(data)) || (document && isTranscription(object(data))),
  start: () => ({ model: null, usage: null }),
  read(seen, { data }) {
    const body = object(data)
    return { model: seen.model ?? text(body?.model), usage: object(body?.usage) ?? seen.usage }
  },
  finish({ model, usage }) {
    const lines = readAudioLines(usage, model)
    return { model, responseId: null, lines, raw: lines.length > 0 ? usage : null }
  },
})

/** A text with usage alone could be anyone's; with this kind of usage, or the parts of a recording, it is a transcript. */
function isTranscription(body: Wire | null): boolean {
  if (typeof body?.text !== 'string' || 'choices' in body) return false
  const usage = object(body.usage)
  return usage?.type === 'tokens' || usage?.type === 'duration' || hasSeconds(usage) || Array.isArray(body.segments)
}

/** Mistral's, beside its tokens. */
function hasSeconds(usage: Wire | null): boolean {
  return usage?.prompt_audio_seconds !== undefined
}

function isTranscriptEvent(body: Wire | null): boolean {
  return (
    typeof body?.type === 'string' &&
    /^(transcript\.text\.(delta|segment|done)|transcription\.(language|segment|text\.delta|done))$/.test(body.type)
  )
}
