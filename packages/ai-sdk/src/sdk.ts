/**
 * What we read of the AI SDK: of its models and results only these fields, whichever of its major versions and of the
 * model specifications (v3, v4) they are of. What a provider puts into them is believed no further than it can be checked.
 */

/** A model of the AI SDK. */
export interface Model {
  /** `'gpt-4o-mini'`. */
  readonly modelId: string
}

/** Of what a model is asked. */
export interface CallSettings {
  /** Ends the call. */
  abortSignal?: AbortSignal | undefined
}

/** Of what a model answers at once. */
export interface GenerateResult {
  /** `{ inputTokens: { total, … }, outputTokens: { total, … }, raw }`. */
  usage?: unknown
  /** What the provider's response says of itself. */
  response?: ResponseFacts | undefined
}

/** What a provider's response says of itself. */
interface ResponseFacts {
  /** The provider's id of it. */
  id?: unknown
  /** The model that answers. */
  modelId?: unknown
}

/** Of what a model answers as a stream. */
export interface StreamResult {
  /** Its parts, of which one tells who answers and the last what was used. */
  stream: ReadableStream<{ type: string }>
}

/** Of what a model embeds. */
export interface EmbedResult {
  /** `{ tokens }`. */
  usage?: unknown
  /** The provider's response: `{ body }`. */
  response?: { body?: unknown } | undefined
}

/** One part of a model's stream, as far as it is one of these two. */
export interface Part extends ResponseFacts {
  /** `'response-metadata'`: who answers. `'finish'`: what was used, and why the stream ends. */
  type: string
  /** Of a `finish`. */
  usage?: unknown
  /** Of a `finish`: `{ unified, raw }`. */
  finishReason?: unknown
}
