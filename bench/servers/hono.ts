/** The handler in a route of Hono, on Node. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { held, listening, servedHandler } from './served.ts'

const served = await servedHandler()
const app = new Hono().get('/held', (c) => c.text(held())).post('/:answer/*', (c) => served(c.req.raw))

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port))
