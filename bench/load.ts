/**
 * A client that costs little, so that one core of it keeps a server busy: HTTP/1.1 over plain sockets, one request at a
 * time on each. It looks for the end of an answer and at nothing else. Load generators from npm tell no time to the first
 * byte, and parse each chunk.
 */
import { connect, type Socket } from 'node:net'
import { type Asked, type Seen, Tally } from './tally.ts'
import type { Ask } from './targets.ts'

const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

/** Follows one answer to its end. */
class Answer {
  #head: Buffer | null = Buffer.alloc(0)
  #tail: Buffer = Buffer.alloc(0)
  #left = Number.POSITIVE_INFINITY

  /** Takes bytes of it. Returns whether they are the last. */
  take(bytes: Buffer): boolean {
    const body = this.#head === null ? bytes : this.#bodyAfter(Buffer.concat([this.#head, bytes]))
    if (body === null) return false
    if (this.#left !== Number.POSITIVE_INFINITY) {
      this.#left -= body.length
      return this.#left <= 0
    }
    const { length } = LAST_CHUNK
    this.#tail = body.length >= length ? body.subarray(-length) : Buffer.concat([this.#tail, body]).subarray(-length)
    return this.#tail.equals(LAST_CHUNK)
  }

  #bodyAfter(seen: Buffer): Buffer | null {
    const end = seen.indexOf(HEAD_END)
    this.#head = seen
    if (end === -1) return null
    const head = seen.subarray(0, end).toString('latin1')
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(`not an answer: ${head.split('\r\n', 1)}`)
    this.#left = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
    this.#head = null
    return seen.subarray(end + 2)
  }
}

const requestOf = (url: URL, path: string): Buffer =>
  Buffer.from(`POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 0\r\n\r\n`)

/** Asks over and over, on so many connections, for so long; the last requests are waited for. */
export async function load(origin: string, { path, connections, ms }: Ask): Promise<Seen> {
  const url = new URL(origin)
  const bytes = requestOf(url, path)
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(url)))
  const tally = new Tally()
  const until = performance.now() + ms
  await Promise.all(sockets.map((socket) => askOver(socket, bytes, tally, until)))
  return tally.result()
}

function askOver(socket: Socket, request: Buffer, tally: Tally, until: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = new Answer()
    let asked: Asked = tally.ask()
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server hung up')))
    socket.on('data', (bytes) => {
      try {
        tally.byte(asked)
        if (!answer.take(bytes)) return
        tally.answered(asked)
        if (performance.now() >= until) {
          resolve()
          socket.destroy()
          return
        }
        answer = new Answer()
        asked = tally.ask()
        socket.write(request)
      } catch (error) {
        reject(error)
        socket.destroy()
      }
    })
    socket.write(request)
  })
}

function connected(url: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      resolve(socket)
    })
  })
}

/** Clients that ask, take the first bytes, and then read no more. Call what it gives, and they leave. */
export async function stall(origin: string, path: string, clients: number): Promise<() => void> {
  const url = new URL(origin)
  const bytes = requestOf(url, path)
  const sockets = await Promise.all(Array.from({ length: clients }, () => connected(url)))
  const begun = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.on('error', () => {})
        socket.once('data', () => {
          socket.pause()
          resolve()
        })
        socket.write(bytes)
      }),
  )
  await Promise.all(begun)
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}
