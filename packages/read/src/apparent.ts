import type { LoggedEvent } from './event-log.ts'

/** What a body that tells of no usage seems to be, by what its JSON is made of. */
export type Apparent =
  /** `words` are what it calls the error, never its message: `['type insufficient_quota', 'code 429']`. */
  | { kind: 'error'; words: readonly string[] /** It came after other events. */; midStream: boolean }
  | { kind: 'request' | 'nothing' }

/** @param isBlank the body has no bytes but white space */
export function apparentOf(events: readonly LoggedEvent[], headers: Headers, isBlank: boolean): Apparent | null {
  if (isBlank) return { kind: 'nothing' }
  for (const event of events) {
    const error = errorIn(event)
    if (error) return { kind: 'error', words: wordsOf(error, headers), midStream: event.index > 0 }
  }
  return events.length === 1 && isRequest(events[0]?.data) ? { kind: 'request' } : null
}

type Fields = Record<string, unknown>

/** The objects that tell of an error, the inner one first; `null` when the event tells of none. */
function errorIn({ name, data, document }: LoggedEvent): Fields[] | null {
  // Gemini's stream that is one array holds its error, too.
  const body = fieldsOf(Array.isArray(data) ? data[0] : data)
  if (!body) return null
  const [listed] = Array.isArray(body.errors) ? body.errors : []
  const told = [body.error, fieldsOf(body.response)?.error, listed].find(isTold)
  if (told !== undefined) return [fieldsOf(told), body].filter((one) => one !== null)
  const [exception] = name === 'error' ? Object.keys(body).filter((key) => /(?:Exception|Error)$/.test(key)) : []
  if (exception !== undefined) return [{ type: exception }]
  const isError = body.type === 'error' || body.object === 'error' || name === 'error' || '__type' in body
  return isError || (document && isMessageAlone(body)) ? [body] : null
}

function isTold(error: unknown): boolean {
  return (typeof error === 'string' && error !== '') || (typeof error === 'object' && error !== null)
}

/** Cohere, Bedrock, gateways and web frameworks answer with a message, and what identifies it, and no more. */
function isMessageAlone(body: Fields): boolean {
  const keys = Object.keys(body)
  return keys.some((key) => MESSAGES.includes(key)) && keys.every((key) => [...MESSAGES, ...AROUND_IT].includes(key))
}

const MESSAGES = ['message', 'Message', 'detail', 'error_message', 'msg']
const NAMES = ['type', 'code', 'status', 'error_type', 'error_code', 'errorCode', '__type', 'statusCode', 'status_code']
const AROUND_IT = [
  ...NAMES,
  'title',
  'instance',
  'param',
  'id',
  'request_id',
  'requestId',
  'success',
  'timestamp',
  'path',
]

function wordsOf(errors: readonly Fields[], headers: Headers): string[] {
  const words = errors.flatMap((error) => NAMES.map((name) => [name.replace(/^_+/, ''), error[name]] as const))
  const named = words.filter(([, value]) => isWord(value)).map(([name, value]) => `${name} ${value}`)
  const header = headers.get('x-amzn-errortype')?.replace(/:.*$/, '')
  return [...new Set(isWord(header) ? [...named, `type ${header}`] : named)]
}

/** Texts hold keys and prompts; words and numbers are names. */
function isWord(value: unknown): boolean {
  if (typeof value === 'string') return value !== 'error' && /^[\w.#-]{1,64}$/.test(value)
  return Number.isSafeInteger(value)
}

/** What is asked, in any spelling, and of which model or how. */
function isRequest(data: unknown): boolean {
  const body = fieldsOf(data)
  if (!body || ANSWERS.some((key) => key in body)) return false
  return Array.isArray(body.contents) || (QUESTIONS.some((key) => key in body) && SETTINGS.some((key) => key in body))
}

const QUESTIONS = ['messages', 'prompt', 'input', 'inputs', 'message', 'texts', 'documents', 'inputText', 'instances']
const SETTINGS = [
  'model',
  'model_id',
  'max_tokens',
  'max_gen_len',
  'temperature',
  'stream',
  'parameters',
  'anthropic_version',
  'inferenceConfig',
  'textGenerationConfig',
]
const ANSWERS = [
  'id',
  'object',
  'created',
  'choices',
  'output',
  'outputs',
  'candidates',
  'response',
  'done',
  'results',
  'data',
  'embedding',
  'embeddings',
  'usage',
  'status',
]

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
}
