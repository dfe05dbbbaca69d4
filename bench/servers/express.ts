/** The same answers written by Express: a stream chunk by chunk, waiting for `drain`; a document by `response.json`. */
import { once } from 'node:events'
import { usage } from '@withusage/express'
import express, { type RequestHandler, type Response } from 'express'
import { ANSWERS, type AnswerName, chat } from '../answers.ts'
import { chatReader, keep, recorderOver, type WayName } from '../ways.ts'
import { held, listening, store, way } from './served.ts'

/** Shows each chunk that is written to `see`. */
function watchWrites(see: (response: Response) => (chunk: unknown) => void): RequestHandler {
  return (_request, response, next) => {
    const seen = see(response)
    const write = response.write.bind(response) as (...args: unknown[]) => boolean
    const end = response.end.bind(response) as (...args: unknown[]) => typeof response
    response.write = (...args: unknown[]) => {
      seen(args[0])
      return write(...args)
    }
    response.end = (...args: unknown[]) => {
      if (args[0]) seen(args[0])
      return end(...args)
    }
    next()
  }
}

const readChat = (response: Response): ((chunk: unknown) => void) => {
  const read = chatReader()
  return (chunk) => {
    if (response.getHeader('content-type') === 'text/event-stream') read(chunk as Uint8Array)
    else keep(JSON.parse(String(chunk)))
  }
}

/** Express has no stream to tee. */
const MIDDLEWARE: Partial<Record<WayName, () => Promise<RequestHandler>>> = {
  'no-op': async () => watchWrites(() => () => {}),
  'by hand': async () => watchWrites(readChat),
  metered: async () => usage({ recorder: await recorderOver(store) }),
}

const chunks = chat(200)
const document = await ANSWERS['json-1k']().respond().json()
const answers: Partial<Record<AnswerName, (response: Response) => unknown>> = {
  'json-1k': (response) => response.json(document),
  async 'sse-200'(response) {
    response.setHeader('content-type', 'text/event-stream')
    for (const chunk of chunks) if (!response.write(chunk)) await once(response, 'drain')
    response.end()
  },
}

const app = express()
app.get('/held', (_request, response) => void response.send(held()))
const middleware = await MIDDLEWARE[way]?.()
if (middleware) app.use(middleware)
app.post('/:answer/*rest', (request, response) => answers[request.params.answer as AnswerName]?.(response))

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') listening(address.port)
})
