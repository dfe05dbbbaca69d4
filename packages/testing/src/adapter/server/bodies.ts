import { currentUsage, stampUsage, type UsageStamp } from '@withusage/core'
import type { Run } from './run.ts'

const encoder = new TextEncoder()

type Chunk = Uint8Array<ArrayBuffer> | string

/** The chunk of that number, `null` after the last. */
export type Script = (index: number) => Chunk | null | Promise<Chunk | null>

/** A body that makes one chunk for each pull and nothing ahead, and keeps the run's witness. */
export function produce({ witness }: Run, script: Script): ReadableStream<Uint8Array<ArrayBuffer>> {
  let index = 0
  return new ReadableStream(
    {
      async pull(controller) {
        witness.pulls++
        const chunk = await script(index++)
        if (witness.cancelled) return
        if (chunk === null) {
          witness.finished = true
          controller.close()
        } else {
          witness.chunks++
          controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
        }
      },
      cancel(reason) {
        witness.cancelled = true
        witness.reason = `${reason}`
      },
    },
    { highWaterMark: 0 },
  )
}

/** The chunks of a list, in turn. */
export function inTurn(chunks: readonly Chunk[]): Script {
  return (index) => chunks[index] ?? null
}

/** As `stampUsage`; silent on the bare side, where nobody meters. */
export function stamp(usage: UsageStamp): void {
  if (currentUsage()) stampUsage(usage)
}

export const EVENT_STREAM = { 'content-type': 'text/event-stream' }

function sseEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

/** A chat completion; of 9 and 5 tokens, unless `usage` is `null`. */
export function completion(
  usage: object | null = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
): object {
  return {
    id: 'chatcmpl-suite',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'qwen-7b',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Grüße 👋' }, finish_reason: 'stop' }],
    ...(usage && { usage }),
  }
}

/** An event of a streamed chat completion that says one word. */
export function word(content: string, fields: object = {}): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }]
  return sseEvent({ id: 'chatcmpl-suite', object: 'chat.completion.chunk', model: 'qwen-7b', choices, ...fields })
}

/** A first event that counts 9 and 1 tokens so far. */
export const COUNTED_SO_FAR = word('Hel', { usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 } })

/** The last events, which count 9 and 5 tokens. */
export const COUNTED_AT_LAST = [
  word('', { choices: [], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } }),
  'data: [DONE]\n\n',
]
