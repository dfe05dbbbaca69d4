/** No server and no sockets: the handler is called and its answer read here, as often as the time lets, for who asks. */

import { Tally } from '../tally.ts'
import type { Ask } from '../targets.ts'
import { held, servedHandler } from './served.ts'

const served = await servedHandler()

async function ask({ path, connections, ms }: Ask): Promise<void> {
  const tally = new Tally()
  const until = performance.now() + ms

  async function client(): Promise<void> {
    while (performance.now() < until) {
      const asked = tally.ask()
      const { body } = await served(new Request(`http://127.0.0.1${path}`, { method: 'POST' }))
      const reader = (body as ReadableStream<Uint8Array>).getReader()
      for (let result = await reader.read(); !result.done; result = await reader.read()) tally.byte(asked)
      tally.answered(asked)
      // A server gives others their turn between two requests.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  await Promise.all(Array.from({ length: connections }, client))
  process.send?.(tally.result())
}

process.on('message', (message: Ask | 'held') => {
  if (message === 'held') process.send?.(Number(held()))
  else void ask(message)
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
