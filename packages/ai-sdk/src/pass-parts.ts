/** Sees the parts of a model's stream go by. The functions must not throw. */
export interface PartObserver<Part> {
  /** The reader asked for a part. */
  asked(): void
  part(part: Part): void
  /** The stream ended: read to its end, left by its reader, or broken. */
  end(how: 'complete' | 'cancelled' | 'failed'): void
}

/** The same parts, one read of the model's stream for each that is asked for. A cancel reaches it with its reason. */
export function passParts<Part>(parts: ReadableStream<Part>, observer: PartObserver<Part>): ReadableStream<Part> {
  const reader = parts.getReader()
  return new ReadableStream<Part>(
    {
      async pull(controller) {
        observer.asked()
        const { done, value } = await reader.read().catch((error) => {
          observer.end('failed')
          throw error
        })
        if (done) {
          observer.end('complete')
          controller.close()
        } else {
          observer.part(value)
          controller.enqueue(value)
        }
      },
      cancel(reason) {
        observer.end('cancelled')
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
