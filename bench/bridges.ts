/**
 * Which library serves a Fetch handler on `node:http` as the handler means it.
 *
 *     node bench/bridges.ts
 */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { toNodeHandler } from 'srvx/node'

type Handler = (request: Request) => Response | Promise<Response>

const BRIDGES: Record<string, (handler: Handler) => RequestListener> = {
  '@remix-run/node-fetch-server': (handler) => createRequestListener((request) => handler(request)),
  srvx: (handler) => toNodeHandler(handler) as RequestListener,
  '@hono/node-server': (handler) => getRequestListener(handler, { overrideGlobalObjects: false }) as RequestListener,
}

const CHUNK = 65_536
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

// What a bridge throws at nobody is part of what is compared.
process.on('unhandledRejection', () => {})
process.on('uncaughtException', () => {})

for (const [name, bridge] of Object.entries(BRIDGES)) {
  const saw = { cancels: 0, cancelsOfTheEarly: 0, chunks: 0 }
  const server = createServer(bridge(handlerThat(saw)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const send = sender((server.address() as AddressInfo).port)
  const made = await send('/made')
  const thrown = await send('/throw')
  const broken = await send('/broken')
  await send('/idle', { leaveAt: 'hi' })
  await send('/early', { leaveAfterMs: 50 })
  await later(250)
  await send('/endless', { readsNothing: true })
  console.log(name, {
    'reason phrase': /^HTTP\/1.1 201 Made/.test(made),
    'both cookies': (made.match(/set-cookie/gi) ?? []).length === 2,
    'a broken body looks broken': !broken.endsWith('0\r\n\r\n'),
    'a throw is answered': /^HTTP\/1.1 500/.test(thrown),
    'a leaving client cancels': saw.cancels === 1,
    'one that left early, too': saw.cancelsOfTheEarly === 1,
    'MB made for a client that reads nothing': (saw.chunks * CHUNK) / 2 ** 20,
  })
  server.closeAllConnections()
  server.close()
}
process.exit()

function handlerThat(saw: { cancels: number; cancelsOfTheEarly: number; chunks: number }): Handler {
  const routes: Record<string, Handler> = {
    '/made': () => {
      const headers: [string, string][] = [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]
      return new Response('made', { status: 201, statusText: 'Made', headers })
    },
    '/throw': () => {
      throw new Error('no model')
    },
    '/broken': () => new Response(words(['hi'], 'breaks')),
    '/idle': () => new Response(words(['hi'], 'waits', () => void saw.cancels++)),
    async '/early'() {
      await later(150)
      return new Response(words(['hi'], 'waits', () => void saw.cancelsOfTheEarly++))
    },
    '/endless': () => new Response(endless(() => void saw.chunks++)),
  }
  return (request) => routes[new URL(request.url).pathname]?.(request) ?? new Response('', { status: 404 })
}

function words(left: string[], ending: 'breaks' | 'waits', cancel: () => void = () => {}) {
  return new ReadableStream({
    async pull(controller) {
      const word = left.shift()
      if (word !== undefined) controller.enqueue(new TextEncoder().encode(word))
      else if (ending === 'breaks') controller.error(new Error('the model is gone'))
      else await new Promise(() => {})
    },
    cancel,
  })
}

function endless(onChunk: () => void) {
  const pull = (controller: ReadableStreamDefaultController): void => {
    onChunk()
    controller.enqueue(new Uint8Array(CHUNK))
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

interface Manner {
  leaveAt?: string
  leaveAfterMs?: number
  readsNothing?: boolean
}

/** Sends one request over a bare socket and gives all that came back before it closed, or after half a second. */
function sender(port: number): (path: string, manner?: Manner) => Promise<string> {
  return (path, { leaveAt, leaveAfterMs = 500, readsNothing = false } = {}) =>
    new Promise((resolve) => {
      let got = ''
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`POST ${path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`),
      )
      const leave = setTimeout(() => socket.destroy(), leaveAfterMs)
      if (readsNothing) socket.pause()
      else
        socket.on('data', (bytes) => {
          got += bytes.toString('latin1')
          if (leaveAt !== undefined && got.includes(leaveAt)) socket.destroy()
        })
      socket.on('error', () => {})
      socket.on('close', () => {
        clearTimeout(leave)
        resolve(got)
      })
    })
}
