import { defineFormat } from './format.ts'
import { readAudioLines } from './openai-audio-usage.ts'
import { object, text, type Wire } from './wire.ts'

/**
 * OpenAI speech: `POST /v1/audio/speech` with `stream_format: "sse"`. The last event tells the usage; speech that is
 * sent as audio tells none.
 *
 * @see https://platform.openai.com/docs/api-reference/audio/speech-audio-done-event
 */
export const openaiSpeech = defineFormat<Wire | null>({
  name: 'openai-speech',
  operation: null,
  matches: ({ data }) => /^speech\.audio\.(delta|done)$/.test(text(object(data)?.type) ?? ''),
  start: () => null,
  read: (seen, { data }) => object(object(data)?.usage) ?? seen,
  finish(usage) {
    const lines = readAudioLines(usage, null)
    return { model: null, responseId: null, lines, raw: lines.length > 0 ? usage : null }
  },
})
