import type { TokenField } from '../../src/record.ts'
import type { UsageUnits } from '../../src/types.ts'

/** The counts of a line: tokens, and units. */
export type CountName = TokenField | keyof UsageUnits

/**
 * Where a provider's documentation puts the counts of one wire format. Written apart from the formats, as a table, so
 * that the two can disagree.
 */
export interface Documented {
  /** Where the usage objects lie in an event, as paths; `''` is the event itself. `[]` is every entry of a list. */
  at: readonly string[]
  /** What an event says of a count stands until another says otherwise. Default: the last usage object stands alone. */
  merges?: 'last' | 'highest'
  /** Breakdowns, and the counts that they break down: with another count an old breakdown is none any more. */
  breakdowns?: Readonly<Record<string, string>>
  /** The one of those places where an answer begins; a second one replaces the first. Default: none. */
  opens?: { at: string; type: string }
  /** Names of numbers, and the places in a usage object where one may be sent. */
  terms: Readonly<Record<string, readonly string[]>>
  /** What each count may be: sums of terms. A term with a question mark is left out of its sum when it is not sent. */
  counts: Readonly<Partial<Record<CountName, readonly string[]>>>
  /** The usage objects in a usage object that count for themselves. Default: itself. */
  shares?(usage: Wire): Wire[]
}

export type Wire = Readonly<Record<string, unknown>>

const INPUT_DETAILS = ['prompt_tokens', 'prompt_token', 'input_tokens', 'input_token'].map((name) => `${name}_details`)
const OUTPUT_DETAILS = ['completion_tokens', 'output_tokens'].map((name) => `${name}_details`)
const mapped = <In, Out>(all: Readonly<Record<string, In>>, change: (one: In) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]))
const under = (places: readonly string[], ...names: readonly string[]): string[] =>
  places.flatMap((place) => names.map((name) => `${place}.${name}`))

/** The usage object of OpenAI and of all who copy it. Which tokens lie outside their total, the total tells. */
const OPENAI: Documented = {
  at: ['usage'],
  terms: {
    input: ['prompt_tokens', 'input_tokens'],
    output: ['completion_tokens', 'output_tokens'],
    total: ['total_tokens'],
    read: [
      ...under(INPUT_DETAILS, 'cached_tokens'),
      ...['prompt_cache_hit_tokens', 'cached_tokens', 'num_cached_tokens', 'cache_read_input_tokens'],
    ],
    write: [
      ...under(INPUT_DETAILS, 'cache_write_tokens', 'cache_creation_input_tokens'),
      'cache_creation_input_tokens',
    ],
    write1h: ['cache_creation.ephemeral_1h_input_tokens'],
    reasoning: [...under(OUTPUT_DETAILS, 'reasoning_tokens'), 'reasoning_tokens'],
    inputAudio: under(INPUT_DETAILS, 'audio_tokens'),
    outputAudio: under(OUTPUT_DETAILS, 'audio_tokens'),
    inputImage: under(INPUT_DETAILS, 'image_tokens'),
    outputImage: under(OUTPUT_DETAILS, 'image_tokens'),
    seconds: ['seconds', 'prompt_audio_seconds'],
  },
  counts: {
    inputTokens: ['input', 'input + read', 'input + read + write', 'input + inputAudio'],
    outputTokens: ['output', 'output + reasoning'],
    totalTokens: ['total'],
    cacheReadTokens: ['read'],
    cacheWriteTokens: ['write'],
    cacheWrite1hTokens: ['write1h'],
    reasoningTokens: ['reasoning'],
    inputAudioTokens: ['inputAudio'],
    outputAudioTokens: ['outputAudio'],
    inputImageTokens: ['inputImage'],
    outputImageTokens: ['outputImage'],
  },
}

/** What only the total shows was generated is output. */
const COMPLETION: Documented = {
  ...OPENAI,
  at: ['usage', 'x_groq.usage', 'choices[].usage'],
  counts: { ...OPENAI.counts, outputTokens: ['output', 'output + reasoning', 'total - input'] },
}

/** llama.cpp's, beside the usage or in its place. */
const TIMINGS: Documented = {
  at: ['timings'],
  terms: { evaluated: ['prompt_n'], kept: ['cache_n'], predicted: ['predicted_n'] },
  counts: { inputTokens: ['evaluated + kept?'], outputTokens: ['predicted'], cacheReadTokens: ['kept'] },
}

const AUDIO: Documented = { ...OPENAI, counts: { ...OPENAI.counts, audioSeconds: ['seconds'] } }

/** `prompt_token_details` is documented nowhere. */
const THREADS: Documented = {
  ...OPENAI,
  terms: mapped(OPENAI.terms, (places) => places.filter((place) => !place.startsWith('prompt_token_details'))),
}

/** Nothing is generated: a total alone is the input. */
const EMBEDDINGS: Documented = {
  ...OPENAI,
  counts: { ...OPENAI.counts, inputTokens: [...(OPENAI.counts.inputTokens ?? []), 'total'] },
}

const ANTHROPIC: Documented = {
  at: ['usage', 'message.usage'],
  merges: 'last',
  opens: { at: 'message.usage', type: 'message_start' },
  terms: {
    uncached: ['input_tokens'],
    read: ['cache_read_input_tokens'],
    written: ['cache_creation_input_tokens'],
    written5m: ['cache_creation.ephemeral_5m_input_tokens'],
    written1h: ['cache_creation.ephemeral_1h_input_tokens'],
    output: ['output_tokens'],
    thinking: ['output_tokens_details.thinking_tokens'],
    searches: ['server_tool_use.web_search_requests'],
    fetches: ['server_tool_use.web_fetch_requests'],
  },
  counts: {
    inputTokens: ['uncached + read? + written', 'uncached + read? + written5m? + written1h?'],
    outputTokens: ['output'],
    cacheReadTokens: ['read'],
    cacheWriteTokens: ['written', 'written5m? + written1h?'],
    cacheWrite1hTokens: ['written1h'],
    reasoningTokens: ['thinking'],
    webSearches: ['searches'],
    webFetches: ['fetches'],
  },
  shares: iterationsByModel,
}

/** With iterations the bill is their sum, model by model. */
function iterationsByModel(usage: Wire): Wire[] {
  const { iterations, output_tokens_details, server_tool_use } = usage
  if (iterations === undefined || iterations === null) return [usage]
  if (!Array.isArray(iterations) || !iterations.every(isWire)) return []
  if (!iterations.some((iteration) => Object.values(iteration).some(Number.isSafeInteger))) return [usage]
  const names = [...new Set(iterations.map((iteration) => iteration?.model ?? null))]
  const unnamed = iterations.filter((iteration) => iteration?.model == null)
  const named = names.map((model) => iterations.filter((iteration) => (iteration?.model ?? null) === model))
  // A blocked primary hands over to another model: then that has served, with the iterations that name no model.
  const groups = [...named, ...named.map((group) => [...new Set([...group, ...unnamed])])]
  return groups.map((group) => ({ output_tokens_details, server_tool_use, ...summed(group) }))
}

function summed(parts: readonly Wire[]): Wire {
  const sum: Record<string, unknown> = {}
  for (const part of parts) for (const [name, value] of Object.entries(part)) sum[name] = add(sum[name], value)
  return sum
}

function add(one: unknown, other: unknown): unknown {
  if (typeof one === 'number' && typeof other === 'number') return one + other
  if (isWire(one) && isWire(other)) return summed([one, other])
  return typeof one === 'number' ? (other ?? one) : (one ?? other)
}

const GOOGLE: Documented['counts'] = {
  inputTokens: ['prompt + toolUse?', 'prompt + toolUse? + cached'],
  outputTokens: ['candidates? + thoughts?', 'candidates'],
  totalTokens: ['total'],
  cacheReadTokens: ['cached'],
  reasoningTokens: ['thoughts'],
  inputAudioTokens: ['promptAudio? + toolUseAudio?'],
  outputAudioTokens: ['candidatesAudio'],
  inputImageTokens: ['promptImage? + toolUseImage?'],
  outputImageTokens: ['candidatesImage'],
}

const modalities = (names: Readonly<Record<string, readonly string[]>>, tokens: string): Documented['terms'] =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, places]) => [
      [`${name}Audio`, places.flatMap((at) => ['AUDIO', 'audio', '4'].map((word) => `${at}[${word}].${tokens}`))],
      [`${name}Image`, places.flatMap((at) => ['IMAGE', 'image', '2'].map((word) => `${at}[${word}].${tokens}`))],
    ]),
  )

const GEMINI: Documented = {
  at: ['usageMetadata'],
  merges: 'last',
  breakdowns: {
    promptTokensDetails: 'promptTokenCount',
    toolUsePromptTokensDetails: 'toolUsePromptTokenCount',
    candidatesTokensDetails: 'candidatesTokenCount',
  },
  terms: {
    prompt: ['promptTokenCount'],
    toolUse: ['toolUsePromptTokenCount'],
    candidates: ['candidatesTokenCount'],
    thoughts: ['thoughtsTokenCount'],
    cached: ['cachedContentTokenCount'],
    total: ['totalTokenCount'],
    ...modalities(
      {
        prompt: ['promptTokensDetails', 'promptTokenDetails'],
        toolUse: ['toolUsePromptTokensDetails'],
        candidates: ['candidatesTokensDetails'],
      },
      'tokenCount',
    ),
  },
  counts: GOOGLE,
}

const INTERACTIONS: Documented = {
  at: ['usage', 'interaction.usage', 'metadata.total_usage'],
  terms: {
    prompt: ['total_input_tokens', 'totalInputTokens'],
    toolUse: ['total_tool_use_tokens', 'totalToolUseTokens'],
    candidates: ['total_output_tokens', 'totalOutputTokens'],
    thoughts: ['total_thought_tokens', 'totalThoughtTokens'],
    cached: ['total_cached_tokens', 'totalCachedTokens'],
    total: ['total_tokens', 'totalTokens'],
    ...modalities(
      {
        prompt: ['input_tokens_by_modality', 'inputTokensByModality'],
        toolUse: ['tool_use_tokens_by_modality', 'toolUseTokensByModality'],
        candidates: ['output_tokens_by_modality', 'outputTokensByModality'],
      },
      'tokens',
    ),
  },
  counts: GOOGLE,
}

const COHERE_AT = ['usage', 'delta.usage', 'meta', 'response.meta']

/** What is billed. */
const COHERE_BILLED: Documented = {
  at: COHERE_AT,
  terms: {
    input: ['billed_units.input_tokens'],
    image: ['billed_units.image_tokens'],
    output: ['billed_units.output_tokens'],
    reasoning: ['tokens.reasoning_tokens'],
    searchUnits: ['billed_units.search_units'],
    images: ['billed_units.images'],
    classifications: ['billed_units.classifications'],
  },
  counts: {
    inputTokens: ['input + image?'],
    outputTokens: ['output'],
    reasoningTokens: ['reasoning'],
    inputImageTokens: ['image'],
    searchUnits: ['searchUnits'],
    images: ['images'],
    classifications: ['classifications'],
  },
}

/** What was used, where no tokens are billed. */
const COHERE_USED: Documented = {
  at: COHERE_AT,
  terms: {
    ...COHERE_BILLED.terms,
    input: ['tokens.input_tokens'],
    image: ['tokens.image_tokens'],
    output: ['tokens.output_tokens'],
    cached: ['cached_tokens'],
  },
  counts: { ...COHERE_BILLED.counts, inputTokens: ['input', 'input + cached'], cacheReadTokens: ['cached'] },
}
const COHERE = [COHERE_BILLED, COHERE_USED]

const BEDROCK: Documented = {
  at: ['usage', 'metadata.usage', 'amazon-bedrock-invocationMetrics'],
  terms: {
    uncached: ['inputTokens', 'inputTokenCount'],
    output: ['outputTokens', 'outputTokenCount'],
    total: ['totalTokens'],
    read: ['cacheReadInputTokens', 'cacheReadInputTokenCount'],
    write: ['cacheWriteInputTokens', 'cacheWriteInputTokenCount'],
    write1h: ['cacheDetails[1h].inputTokens'],
  },
  counts: {
    inputTokens: ['uncached + read? + write?'],
    outputTokens: ['output'],
    totalTokens: ['total'],
    cacheReadTokens: ['read'],
    cacheWriteTokens: ['write'],
    cacheWrite1hTokens: ['write1h'],
  },
}

/** Counts in an event, and nothing else to know of them. */
function plain(input: readonly string[], output: readonly string[]): Documented {
  return { at: [''], terms: { input, output }, counts: { inputTokens: ['input'], outputTokens: ['output'] } }
}

const RANKING: Documented = {
  at: ['usage'],
  terms: { input: ['prompt_tokens', 'input_tokens'], total: ['total_tokens'], searchUnits: ['search_units'] },
  counts: { inputTokens: ['input', 'total'], totalTokens: ['total'], searchUnits: ['searchUnits'] },
}

const PREDICTIONS: Documented = {
  at: [''],
  terms: {
    input: ['predictions[].embeddings.statistics.token_count', 'metadata.tokenMetadata.inputTokenCount.totalTokens'],
    output: ['metadata.tokenMetadata.outputTokenCount.totalTokens'],
    characters: ['metadata.billableCharacterCount'],
    inputCharacters: ['metadata.tokenMetadata.inputTokenCount.totalBillableCharacters'],
    outputCharacters: ['metadata.tokenMetadata.outputTokenCount.totalBillableCharacters'],
  },
  counts: {
    inputTokens: ['input'],
    outputTokens: ['output'],
    characters: ['characters', 'inputCharacters? + outputCharacters?'],
  },
}

/** Of every format that is read, by its name: its usage objects, of which any may tell the counts of a line. */
export const DOCUMENTED: Readonly<Record<string, readonly Documented[]>> = {
  'openai-chat': [COMPLETION, TIMINGS],
  'openai-completions': [COMPLETION, TIMINGS],
  'openai-responses': [{ ...OPENAI, at: ['usage', 'response.usage'] }],
  'openai-embeddings': [EMBEDDINGS],
  'openai-images': [{ ...OPENAI, at: ['usage', 'svg_usage'] }],
  'openai-transcription': [AUDIO],
  'openai-speech': [AUDIO],
  'openai-threads': [THREADS],
  'openai-moderation': [OPENAI],
  'anthropic-messages': [ANTHROPIC],
  'gemini-generate-content': [GEMINI],
  'gemini-embeddings': [GEMINI],
  'gemini-interactions': [INTERACTIONS],
  ollama: [plain(['prompt_eval_count'], ['eval_count'])],
  'ollama-embed': [plain(['prompt_eval_count'], [])],
  'cohere-chat': COHERE,
  'cohere-embed': COHERE,
  'cohere-v1': COHERE,
  rerank: [...COHERE, RANKING],
  'bedrock-converse': [BEDROCK],
  'bedrock-invoke': [BEDROCK],
  'meta-llama': [{ ...plain(['prompt_token_count'], ['generation_token_count']), merges: 'last' }],
  'amazon-titan': [
    {
      ...plain(['inputTextTokenCount'], ['results[].tokenCount', 'totalOutputTextTokenCount']),
      merges: 'last',
    },
  ],
  watsonx: [
    {
      ...plain(['input_token_count'], ['generated_token_count']),
      at: ['', 'results[]'],
      merges: 'highest',
    },
  ],
  tgi: [
    plain(
      ['details.input_length', '[].details.input_length'],
      ['details.generated_tokens', '[].details.generated_tokens'],
    ),
  ],
  'vertex-predict': [PREDICTIONS],
}

export function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
