/**
 * What we read of the AI SDK: of its models and results only these fields, whichever of its major versions and of the
 * model specifications (v3, v4) they are of. What a provider puts into them is believed no further than it can be checked.
 */

export interface Model {
  readonly modelId: string
}

export interface CallSettings {
  abortSignal?: AbortSignal | undefined
}

export interface GenerateResult {
  usage?: unknown
  response?: { id?: unknown; modelId?: unknown } | undefined
}

export interface StreamResult {
  stream: ReadableStream<{ type: string }>
}

export interface EmbedResult {
  usage?: unknown
  response?: { body?: unknown } | undefined
}

/** One part of a model's stream, as far as it is one of these two. */
export interface Part {
  type: string
  /** Of a `response-metadata`: the provider's id of the response. */
  id?: unknown
  /** Of a `response-metadata`: the model that answers. */
  modelId?: unknown
  /** Of a `finish`, which is the last. */
  usage?: unknown
  /** Of a `finish`. */
  finishReason?: unknown
}
