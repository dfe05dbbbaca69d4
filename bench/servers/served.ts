/** What the servers share: the way and the store they are told, and what they say of themselves. */
import process from 'node:process'
import { handler } from '../answers.ts'
import { type Handler, WAYS, type WayName } from '../ways.ts'

const [, , wayName = 'bare', storeName = 'memory'] = process.argv

export const way = wayName as WayName
export const store = storeName

/** The handler of `answers.ts`, served the way that was told. */
export async function servedHandler(): Promise<Handler> {
  return (await WAYS[way](store))(handler)
}

/** Bytes of heap and array buffers that are held after a collection. */
export function held(): string {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(sync: boolean): void } }
  const collect = gc ?? (() => Bun?.gc(true))
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return String(heapUsed + (arrayBuffers ?? 0))
}

/** Tells who started the server where it listens, and ends when that one is done with it. */
export function listening(port: number): void {
  process.stdout.write(`http://127.0.0.1:${port}\n`)
  process.stdin.resume().once('end', () => process.exit())
}
