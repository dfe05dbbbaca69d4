import type { LanguageModel, LanguageModelUsage } from 'ai'
import { z } from 'zod'
import type { Sdk } from './sdks.ts'

export type Kind = 'whole' | 'stream'
export const KINDS: readonly Kind[] = ['whole', 'stream']

export interface Told {
  text: string
  totalUsage: LanguageModelUsage
  steps: readonly { usage: LanguageModelUsage }[]
}

/** Asks a model, that may look up the weather; the result is what the SDK tells in the end. */
export async function ask({ ai }: Sdk, kind: Kind, model: LanguageModel): Promise<Told> {
  const weather = ai.tool({
    description: 'The weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `the weather of ${city}`,
  })
  const options = {
    ...{ model, prompt: 'How is the weather?', maxOutputTokens: 100 },
    ...{ tools: { weather }, stopWhen: ai.stepCountIs(5) },
  }
  if (kind === 'whole') {
    const { text, totalUsage, steps } = await ai.generateText(options)
    return { text, totalUsage, steps }
  }
  const result = ai.streamText({ ...options, onError: () => {} })
  const [text, totalUsage, steps] = await Promise.all([result.text, result.totalUsage, result.steps])
  return { text, totalUsage, steps }
}

/** Asks a model that streams, and aborts it at the first event that its provider sends. Gives what parts there were. */
export async function abort({ ai }: Sdk, model: LanguageModel): Promise<string[]> {
  const controller = new AbortController()
  const { fullStream } = ai.streamText({
    ...{ model, prompt: 'Hello', maxOutputTokens: 100, includeRawChunks: true },
    ...{ abortSignal: controller.signal, onError: () => {} },
  })
  const seen: string[] = []
  for await (const { type } of fullStream) {
    seen.push(type)
    if (type === 'raw') controller.abort()
  }
  return seen
}
