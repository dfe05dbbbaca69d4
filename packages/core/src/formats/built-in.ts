import { amazonTitan } from './amazon-titan.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import { bedrockInvoke } from './bedrock-invoke.ts'
import type { Format } from './format.ts'
import { metaLlama } from './meta-llama.ts'
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
  bedrockConverse,
  openaiEmbeddings,
  openaiCompletions,
  ollamaEmbed,
  metaLlama,
  amazonTitan,
]

/** What a gateway counts beside a body of any format; it is read where the body tells no counts. */
export const gatewayFormats: readonly Format[] = [bedrockInvoke]
