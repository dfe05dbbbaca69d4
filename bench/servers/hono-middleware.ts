/** The handler in a route of Hono, metered by the middleware of `@withusage/hono`. */
import { serve } from '@hono/node-server'
import { usage } from '@withusage/hono'
import { Hono } from 'hono'
import { handler } from '../answers.ts'
import { recorderOver, WAYS, type Way } from '../ways.ts'
import { held, listening, store, way } from './served.ts'

const app = new Hono().get('/held', (c) => c.text(held()))
if (way === 'metered') app.use(usage({ recorder: await recorderOver(store) }))
const around: Way = way === 'metered' ? (inner) => inner : await WAYS[way](store)
const served = around(handler)
app.post('/:answer/*', (c) => served(c.req.raw))

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port))
