/** Clients of every sort, each asking again and again. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

interface Asked {
  request: ClientRequest
  /** Rejects when the server hangs up first. */
  response: Promise<IncomingMessage>
}

type Client = (ask: (answer: string) => Asked) => Promise<void>

/** Resolves when the body has ended, however it did. */
function ended(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve).on('error', () => {}))
}

const reading =
  (answer: string): Client =>
  async (ask) => {
    const response = await ask(answer).response
    await ended(response.resume())
  }

/** Reads for a while, and leaves. */
const leaving: Client = async (ask) => {
  const { request, response } = ask('slowly')
  const closed = ended((await response).resume())
  await sleep(Math.random() * 300)
  request.destroy()
  await closed
}

/** Leaves before much has come, if anything. */
const hasty: Client = async (ask) => {
  const { request, response } = ask('sse-2000')
  response.catch(() => {})
  await sleep(Math.random() * 10)
  request.destroy()
  await sleep(200)
}

/** Takes a long stream a little at a time, and half of the time leaves before its end. */
const slow: Client = async (ask) => {
  const { request, response: coming } = ask('sse-20000')
  const response = await coming
  const closed = ended(response)
  for (let pauses = 0; pauses < 40; pauses++) {
    response.resume()
    await sleep(1)
    response.pause()
    await sleep(100)
  }
  if (Math.random() < 0.5) request.destroy()
  response.resume()
  await closed
}

const CLIENTS: readonly { client: Client; count: number }[] = [
  { client: reading('sse-200'), count: 4 },
  { client: reading('sse-200-bytes'), count: 2 },
  { client: reading('slowly'), count: 8 },
  { client: reading('aws-200'), count: 1 },
  { client: reading('json-1k'), count: 3 },
  { client: reading('json-64k'), count: 1 },
  { client: reading('json-1k-stamped'), count: 1 },
  { client: reading('breaking'), count: 1 },
  { client: reading('failing'), count: 1 },
  { client: reading('throwing'), count: 1 },
  { client: leaving, count: 4 },
  { client: hasty, count: 2 },
  { client: slow, count: 8 },
]

/** Lets all of them ask until then. Gives how many requests were made. */
export async function askUntil(origin: string, until: number): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  let asked = 0
  const ask = (answer: string): Asked => {
    asked++
    const asking = request(`${origin}/${answer}/v1/chat/completions`, { method: 'POST', agent })
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      asking.once('response', resolve).on('error', reject).end()
    })
    return { request: asking, response }
  }
  async function again(client: Client): Promise<void> {
    while (performance.now() < until) {
      await client(ask).catch(() => {})
      await sleep(20 + Math.random() * 60)
    }
  }
  await Promise.all(CLIENTS.flatMap(({ client, count }) => Array.from({ length: count }, () => again(client))))
  agent.destroy()
  return asked
}
