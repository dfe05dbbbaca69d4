import { createMeter, type MeterOptions } from '../../src/meter/create-meter.ts'
import type { Reading } from '../../src/types.ts'

export interface BodyOptions extends MeterOptions {
  contentType?: string | null
  contentEncoding?: string
  requestedModel?: string | null
}

export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body
}

export function headersOf({ contentType = 'application/json', contentEncoding }: BodyOptions): Headers {
  const headers = new Headers()
  if (contentType !== null) headers.set('content-type', contentType)
  if (contentEncoding) headers.set('content-encoding', contentEncoding)
  return headers
}

/** The reading of a body written in these chunks. */
export function readBody(body: string | Uint8Array | Iterable<Uint8Array>, options: BodyOptions = {}): Reading {
  const { requestedModel = null } = options
  const meter = createMeter({ headers: headersOf(options), requestedModel }, options)
  const chunks = typeof body === 'string' || body instanceof Uint8Array ? [bytesOf(body)] : body
  for (const chunk of chunks) meter.write(chunk)
  return meter.end()
}

export const CHAT = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4.1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
})

/** A chunk of a chat stream that carries usage. */
export function usageChunk(promptTokens: number, completionTokens: number): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'gpt-4.1',
    choices: [],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  })
}
