/** A chat route over the OpenAI SDK, in Hono on Node; the way is one of `peers.ts`. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { PEERS } from '../peers.ts'
import { held, listening, way } from './served.ts'

const served = await PEERS[way]?.()
const app = new Hono().get('/held', (c) => c.text(held()))
if (served) app.post('/:answer/*', (c) => served(c.req.raw))

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port))
