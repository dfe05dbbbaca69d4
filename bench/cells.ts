/** What is measured: a base, and one thing varied at a time. */
import type { AnswerName } from './answers.ts'
import type { ServerName } from './targets.ts'

export interface Cell {
  /** What is varied. */
  axis: string
  name: string
  server: ServerName
  answer: AnswerName
  ways: readonly string[]
  store: string
  connections: number
  /** Clients that ask for a long stream and do not read on, beside those that are measured. Default none. */
  stalled?: number
}

const FETCH_WAYS = ['bare', 'no-op', 'tee', 'by hand', 'metered']
const EXPRESS_WAYS = FETCH_WAYS.filter((way) => way !== 'tee')

/** Hono on Node, 16 connections, the memory store. */
const BASE = { axis: 'base', server: 'hono', ways: FETCH_WAYS, store: 'memory', connections: 16 } as const

function cell(axis: string, name: string, answer: AnswerName, varied: Partial<Cell> = {}): Cell {
  return { ...BASE, axis, name, answer, ...varied }
}

/** The same for a document and for a stream. */
function both(axis: string, name: string, varied: Partial<Cell>): Cell[] {
  return [cell(axis, `${name}, JSON`, 'json-1k', varied), cell(axis, `${name}, SSE`, 'sse-200', varied)]
}

export const CELLS: readonly Cell[] = [
  cell('base', 'JSON 1 KB', 'json-1k'),
  cell('base', 'SSE, 200 chunks', 'sse-200'),

  cell('transport', 'JSON 1 KB, proxied', 'json-1k-proxied'),
  cell('transport', 'JSON 64 KB', 'json-64k'),
  cell('transport', 'JSON 1 MB', 'json-1m'),
  cell('transport', 'SSE, 20 chunks', 'sse-20'),
  cell('transport', 'SSE, 2,000 chunks', 'sse-2000'),
  cell('transport', 'SSE, 200 chunks, byte stream', 'sse-200-bytes'),
  cell('transport', 'SSE, 200 chunks, each in its turn', 'sse-200-paced'),
  cell('transport', 'AWS event stream, 200 messages', 'aws-200'),

  cell('evidence', 'stamped before return, JSON', 'json-1k-stamped'),
  cell('evidence', 'stamped in stream, SSE', 'sse-200-stamped'),

  ...both('concurrency', '1 connection', { connections: 1 }),
  cell('concurrency', '1 connection, SSE, each chunk in its turn', 'sse-200-paced', { connections: 1 }),
  ...both('concurrency', '256 connections', { connections: 256 }),

  cell('slow clients', '64 stalled clients beside 16, SSE', 'sse-200', { stalled: 64 }),

  ...both('store', 'no store', { store: 'none' }),
  ...both('store', 'SQLite', { store: 'sqlite' }),

  ...both('adapter', 'Hono middleware', { server: 'hono-middleware' }),
  ...both('adapter', 'Express 5', { server: 'express', ways: EXPRESS_WAYS }),
  ...both('adapter', 'Next.js', { server: 'next' }),
  ...both('adapter', 'Fetch in process', { server: 'in-process' }),

  ...both('runtime', 'Deno', { server: 'deno' }),
  ...both('runtime', 'Bun', { server: 'bun' }),
  ...both('runtime', 'workerd', { server: 'workerd' }),

  ...both('peers', 'OpenAI SDK', { server: 'sdk', ways: ['bare', 'by hand', 'langfuse', 'traceloop', 'metered'] }),
]
