/** Reads a response's chunks as they come, until it ends. */
export async function chunksOf(response: Response): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body ?? []) chunks.push(chunk)
  return chunks
}

export function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error('the response has no body')
  return response.body.getReader()
}

/** Lets every promise that is ready run, and one turn of the event loop pass. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
