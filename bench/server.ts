/** The server under load, in a process of its own: `/<way>/<transport>` for every cell, `/cpu` for the time it has used. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { HANDLERS, WAYS } from './cells.ts'

const app = new Hono()
for (const [wayName, way] of Object.entries(WAYS))
  for (const [transport, handler] of Object.entries(HANDLERS)) {
    const cell = way(handler)
    app.post(`/${wayName}/${transport}`, (c) => cell(c.req.raw))
  }

app.get('/cpu', (c) => {
  const { user, system } = process.cpuUsage()
  return c.json({ microseconds: user + system })
})

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => process.send?.({ port }))
process.on('disconnect', () => server.close())
