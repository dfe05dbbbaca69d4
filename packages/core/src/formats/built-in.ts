import { anthropicMessages } from './anthropic-messages.ts'
import type { Format } from './format.ts'
import { ollama } from './ollama.ts'
import { ollamaEmbed } from './ollama-embed.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiResponses } from './openai-responses.ts'

/** Every format that is read without being asked for. Their shapes exclude each other; the frequent ones come first. */
export const builtInFormats: readonly Format[] = [
  openaiChat,
  anthropicMessages,
  openaiResponses,
  ollama,
  openaiEmbeddings,
  openaiCompletions,
  ollamaEmbed,
]
