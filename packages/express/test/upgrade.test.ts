import { once } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createBooks } from '@withusage/testing'
import { expect, it, onTestFinished } from 'vitest'
import { usage } from '../src/index.ts'
import { completion, EXPRESS } from './support/serve.ts'

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** What a server answers to a request for a WebSocket, until it ends the connection. */
async function upgrade(server: ReturnType<typeof createServer>, method: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const head = ['Host: x', 'Content-Length: 0', 'Connection: upgrade, close', 'Upgrade: websocket']
  socket.write(`${method} /v1/chat/completions HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

it.each(EXPRESS)('in %s an upgrade that is routed through the app is no inference, and ends', async (_, express) => {
  const { recorder, settled } = createBooks()
  const metered = usage({ recorder })
  const app = express().use(metered, metered)
  app.get('/v1/chat/completions', ({ socket }) => void socket.end(`${SWITCHING}hello`))
  const server = createServer(app)
  server.on('upgrade', (request) => app(request, new ServerResponse(request)))
  expect(await upgrade(server, 'GET')).toBe(`${SWITCHING}hello`)
  await settled()
  expect(recorder.stats()).toMatchObject({ requests: 1, ignored: { not_inference: 1 } })
})

it.each(EXPRESS)('in %s the header alone makes no upgrade, and no way round the meter', async (_, express) => {
  const { recorder, settled } = createBooks()
  const app = express().use(usage({ recorder }))
  app.post('/v1/chat/completions', (_request, response) => void response.json(completion))
  expect(await upgrade(createServer(app), 'POST')).toMatch(/^HTTP\/1.1 200 /)
  expect(await settled()).toMatchObject([{ inputTokens: 9 }])
})
