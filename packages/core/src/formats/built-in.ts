import { amazonTitan } from './amazon-titan.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import { bedrockInvoke } from './bedrock-invoke.ts'
import { cohereChat } from './cohere-chat.ts'
import { cohereEmbed } from './cohere-embed.ts'
import { cohereV1 } from './cohere-v1.ts'
import type { Format } from './format.ts'
import { geminiEmbeddings } from './gemini-embeddings.ts'
import { geminiGenerateContent } from './gemini-generate-content.ts'
import { geminiInteractions } from './gemini-interactions.ts'
import { metaLlama } from './meta-llama.ts'
import { ollama } from './ollama.ts'
import { ollamaEmbed } from './ollama-embed.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiImages } from './openai-images.ts'
import { openaiModeration } from './openai-moderation.ts'
import { openaiResponses } from './openai-responses.ts'
import { openaiSpeech } from './openai-speech.ts'
import { openaiThreads } from './openai-threads.ts'
import { openaiTranscription } from './openai-transcription.ts'
import { rerank } from './rerank.ts'
import { tgi } from './tgi.ts'
import { vertexPredict } from './vertex-predict.ts'
import { watsonx } from './watsonx.ts'

/** Every format that is read without being asked for. Their shapes exclude each other; the frequent ones come first. */
export const builtInFormats: readonly Format[] = [
  openaiChat,
  anthropicMessages,
  openaiResponses,
  geminiGenerateContent,
  geminiInteractions,
  ollama,
  bedrockConverse,
  openaiEmbeddings,
  openaiCompletions,
  ollamaEmbed,
  geminiEmbeddings,
  vertexPredict,
  metaLlama,
  amazonTitan,
  cohereChat,
  cohereEmbed,
  rerank,
  openaiImages,
  openaiTranscription,
  openaiSpeech,
  openaiThreads,
  openaiModeration,
  cohereV1,
  watsonx,
  tgi,
]

/** What a gateway counts beside a body of any format; it is read where the body tells no counts. */
export const gatewayFormats: readonly Format[] = [bedrockInvoke]
