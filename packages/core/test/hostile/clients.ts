/** Reads a response as some client does; gives what it received, an error last. */
export type Client = (response: Response) => Promise<unknown[]>

/** A chunk as it was when it came, with what it is. */
function kept(chunk: unknown): unknown {
  if (!ArrayBuffer.isView(chunk)) return chunk
  const { buffer, byteOffset, byteLength } = chunk
  if ('detached' in buffer && buffer.detached) return [chunk.constructor.name, 'without memory']
  return [chunk.constructor.name, Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength))]
}

async function collect(read: (received: unknown[]) => Promise<void>): Promise<unknown[]> {
  const received: unknown[] = []
  try {
    await read(received)
  } catch (error) {
    received.push({ failed: error })
  }
  return received
}

/** Chunk by chunk, until the body ends or breaks. */
export const readAll: Client = (response) =>
  collect(async (received) => {
    const reader = response.body?.getReader()
    for (let result = await reader?.read(); result && !result.done; result = await reader?.read())
      received.push(kept(result.value))
  })

/** As a platform does that makes text of it. */
export const readText: Client = (response) => collect(async (received) => void received.push(await response.text()))

/** Two copies, each read to its end. */
export const readTwice: Client = (response) =>
  collect(async (received) => {
    const copy = response.clone()
    received.push(...(await readAll(response)), ...(await readAll(copy)))
  })

/** With memory of its own: a BYOB reader. */
export function readInto(bytes: number): Client {
  return (response) =>
    collect(async (received) => {
      const reader = response.body?.getReader({ mode: 'byob' })
      for (;;) {
        const result = await reader?.read(new Uint8Array(bytes))
        if (!result || result.done) break
        received.push(kept(result.value))
      }
    })
}

/** Takes each chunk's memory away, as a client does that hands it to a worker. */
export const readAndTransfer: Client = (response) =>
  collect(async (received) => {
    const reader = response.body?.getReader()
    for (let result = await reader?.read(); result && !result.done; result = await reader?.read()) {
      received.push(kept(result.value))
      const { buffer }: { buffer?: unknown } = Object(result.value)
      if (buffer instanceof ArrayBuffer && !buffer.detached) structuredClone(buffer, { transfer: [buffer] })
    }
  })

/** Leaves after some chunks. */
export function leaveAfter(chunks: number, reason?: unknown): Client {
  return (response) =>
    collect(async (received) => {
      const reader = response.body?.getReader()
      for (let read = 0; read < chunks; read++) received.push(kept((await reader?.read())?.value))
      await reader?.cancel(reason)
    })
}
