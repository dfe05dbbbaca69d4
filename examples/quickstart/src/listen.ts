import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

export interface RunningServer {
  url: string
  /** Cuts off who is still reading: a stream may have no end. */
  close(): Promise<void>
}

/** Listens on loopback only; port 0 takes any free one. */
export function listen(app: Hono, port = 0): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, (info: AddressInfo) =>
      resolve({ url: `http://127.0.0.1:${info.port}`, close }),
    )
    server.once('error', reject)
    const close = () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        if ('closeAllConnections' in server) server.closeAllConnections()
      })
  })
}
