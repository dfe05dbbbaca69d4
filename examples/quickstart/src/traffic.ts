import { randomUUID } from 'node:crypto'
import { anthropicCalls, cachedCall } from './calls/anthropic.ts'
import type { Call, SentCall } from './calls/call.ts'
import { departureCalls } from './calls/departures.ts'
import { failureCalls, strangerCall } from './calls/failures.ts'
import { ollamaCalls } from './calls/ollama.ts'
import { openaiCalls, reasoningCall } from './calls/openai.ts'
import type { Upstream } from './upstream/upstream.ts'

/** What is sent to an upstream. Only the mock can be told to fail, or to never end. */
export function planCalls({ models, provider }: Pick<Upstream, 'models' | 'provider'>): Call[] {
  const calls = [...openaiCalls(models), ...anthropicCalls(models), ...ollamaCalls(models), strangerCall]
  if (provider !== 'mock') return calls
  return [...calls, reasoningCall, cachedCall, ...failureCalls, ...departureCalls]
}

/**
 * Sends the calls one after the other, each with a correlation id of its own.
 *
 * @throws when a client saw anything but what its call is about
 */
export async function sendCalls(
  url: string,
  calls: readonly Call[],
  onSent: (call: SentCall) => void,
): Promise<SentCall[]> {
  const run = randomUUID().slice(0, 8)
  const sent: SentCall[] = []
  for (const [index, call] of calls.entries()) {
    const correlationId = `${run}-${index + 1}`
    const told = await call
      .send({ url, secret: call.key?.secret ?? 'no-key-of-ours', correlationId })
      .catch((cause) => Promise.reject(new Error(`the call "${call.name}" went wrong: ${cause.message}`, { cause })))
    const { send, ...rest } = call
    sent.push({ ...rest, correlationId, told })
    onSent({ ...rest, correlationId, told })
  }
  return sent
}
