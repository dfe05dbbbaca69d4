import type { Format } from './format.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'

/** Every format that is read without being asked for. Their shapes exclude each other; the frequent ones come first. */
export const builtInFormats: readonly Format[] = [openaiChat, openaiCompletions, openaiEmbeddings]
