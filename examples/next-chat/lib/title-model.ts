interface Title {
  title: string
  inputTokens: number
  outputTokens: number
}

/** In the place of a small model that runs in this process, and knows itself what it has read and written. */
export function titleOf(text: string): Title {
  const words = text.split(/\s+/)
  const title = words.slice(0, 4)
  return { title: title.join(' '), inputTokens: words.length, outputTokens: title.length }
}
