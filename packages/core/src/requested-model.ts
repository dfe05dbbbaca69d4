/**
 * Where providers carry the model in the path: Gemini and Vertex before a verb, Hugging Face with its owner, model
 * servers before a word for what is done; Bedrock (an ARN may hold a slash), Azure deployments.
 */
const PATTERNS = [
  /\/models\/([^/:]+):/,
  /\/models\/([^/:]+\/(?!(?:infer|predict|generate|generate_stream|completions|embeddings)$)[^/:]+)(?:$|\/(?:v\d|pipeline)\b)/,
  /\/models\/([^/:]+)/,
  /\/model\/(.+)\/(?:converse|invoke)/,
  /\/deployments\/([^/]+)\//,
]

/** The model that the path of a request names, `null` when it names none. */
export function modelInPath(path: string): string | null {
  for (const pattern of PATTERNS) {
    const model = pattern.exec(path)?.[1]
    if (model) return decode(model)
  }
  return null
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
