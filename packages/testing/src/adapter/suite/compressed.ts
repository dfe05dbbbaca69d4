import { expect } from 'vitest'
import type { Side } from '../client/side.ts'
import type { HandlerName } from '../server/scenario-server.ts'
import type { AdapterServer } from '../test-adapter.ts'
import { READ, recorded, type Scenario, STAMPED } from './scenario.ts'

/** A compression, mounted before or after metering: the framework's own, or a handler around a handler. */
export const compressed = {
  'compression mounted before': {
    title: 'what a middleware mounted before compresses is read as it was before',
    act: (side) => compressedExchange(side, 'json'),
    expected: recorded(READ),
    sides: (server) => mounted(server, 'before'),
  },

  'compression mounted after': {
    title: 'what a middleware mounted after compresses is decoded and read',
    act: (side) => compressedExchange(side, 'json'),
    expected: recorded(READ),
    sides: (server) => mounted(server, 'after'),
  },

  'compressed and stamped': {
    title: 'a stamp after the last chunk counts, however the body is compressed',
    act: (side) => compressedExchange(side, 'stamped-last'),
    expected: recorded(STAMPED),
    sides: (server) => mounted(server, 'after'),
  },
} satisfies Record<string, Scenario>

function mounted({ compressed }: AdapterServer, where: 'before' | 'after'): [bare: string, metered: string] {
  if (!compressed) throw new Error('the server has no compression: name a gap')
  return [compressed.bare, compressed[where]]
}

async function compressedExchange(side: Side, handler: HandlerName): Promise<unknown> {
  const answer = await side.exchange({ handler, headers: { 'accept-encoding': 'gzip' } })
  const codings = answer.headers.filter(([name]) => name.toLowerCase() === 'content-encoding')
  expect(codings.map(([, value]) => value)).toEqual(['gzip'])
  return answer
}
