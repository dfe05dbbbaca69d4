import path from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

/** A Worker on workerd, as another process; clients reach it without anything between. */
export interface Worker {
  url: string
  /** What the runtime has printed so far. */
  output(): string
  stop(): Promise<void>
}

/** The newest that this workerd knows, with what a client's leaving needs before November 2026. */
const COMPATIBILITY = { compatibilityDate: '2026-07-30', compatibilityFlags: ['nodejs_als', 'enable_request_signal'] }

/** Bundles a program of `servers/` and starts it. */
export async function startWorker(
  name: string,
  bindings: Record<string, string | number>,
  compatibility: Partial<typeof COMPATIBILITY> = {},
): Promise<Worker> {
  const bundle = await build({
    entryPoints: [path.join(import.meta.dirname, '../../servers', name)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    logLevel: 'error',
  })
  let printed = ''
  const listen = (stream: Readable): unknown => stream.setEncoding('utf8').on('data', (text) => (printed += text))
  const miniflare = new Miniflare({
    ...COMPATIBILITY,
    ...compatibility,
    modules: [{ type: 'ESModule', path: 'worker.js', contents: bundle.outputFiles[0]?.text ?? '' }],
    modulesRoot: '/',
    bindings,
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => [stdout, stderr].forEach(listen),
  })
  await miniflare.ready
  const { href } = await miniflare.unsafeGetDirectURL()
  return { url: href.replace(/\/$/, ''), output: () => printed, stop: () => miniflare.dispose() }
}
