import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createRecorder, memoryStore, type Recorder } from '@withusage/core'
import { type AdapterServer, servedHere, testAdapter } from '@withusage/testing'
import { type ScenarioServer, scenarioServer } from '@withusage/testing/scenarios'
import compression from 'compression'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { usage } from '../src/index.ts'
import { usage as nodeUsage } from '../src/node.ts'
import { bridge } from './support/fetch-bridge.ts'
import { EXPRESS } from './support/serve.ts'

interface Parts extends ScenarioServer {
  recorder: Recorder
  onError(error: unknown): void
}

/** As Connect has them. */
type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** Starts a server of the suite around a listener that has its parts. */
async function start(listenerOf: (parts: Parts) => RequestListener): Promise<Required<AdapterServer>> {
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const store = memoryStore()
  const recorder = createRecorder({ store, onError })
  const server = createServer(listenerOf({ ...scenarioServer({ recorder, store, errors }), recorder, onError }))
  return servedHere(server, recorder)
}

for (const [name, express] of EXPRESS) {
  const listenerOf = ({ scenario, control, recorder, onError }: Parts): RequestListener => {
    const metered = usage({ recorder, onError })
    const compress = compression({ threshold: 0 }) as RequestHandler
    const sorry: ErrorRequestHandler = (_error, _request, response, _next) => void response.status(500).send('sorry')
    const app = express()
    app.use('/control', (request, response, next) => void bridge(control, request, response).catch(next))
    app.use('/metered', metered)
    app.use('/compressed-bare', compress)
    app.use('/compressed-before', compress, metered)
    app.use('/compressed-after', metered, compress)
    app.all('/:base/:scenario/v1/chat/completions', (request, response, next) => {
      bridge(scenario, request, response).catch(next)
    })
    app.use(sorry)
    return app
  }
  testAdapter(name, { start: () => start(listenerOf) })
}

testAdapter('node:http', {
  start: () =>
    start(({ scenario, control, recorder, onError }) => {
      const metered = nodeUsage({ recorder, onError })
      const compress = compression({ threshold: 0 }) as Middleware
      const mounts: Record<string, Middleware[]> = {
        metered: [metered],
        'compressed-bare': [compress],
        'compressed-before': [compress, metered],
        'compressed-after': [metered, compress],
      }
      return (request, response) => {
        const [, base = ''] = (request.url ?? '').split('/')
        const handler = base === 'control' ? control : scenario
        const serve = (): void => {
          bridge(handler, request, response).catch(() => response.writeHead(500, { 'x-sorry': 'yes' }).end('sorry'))
        }
        const mounted = mounts[base] ?? []
        mounted.reduceRight<() => void>((next, mount) => () => mount(request, response, next), serve)()
      }
    }),
})
