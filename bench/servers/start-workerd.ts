/** Bundles `workerd.ts` and serves it: workerd itself, with nothing between it and the client. Ends with its input. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { installed } from '../installed.ts'
import { listening, way } from './served.ts'

/** `1.20261117.1` is of 2026-11-17. */
const { version } = JSON.parse(readFileSync(installed('workerd/package.json'), 'utf8'))
const compatibilityDate = version.replace(/^1\.(\d{4})(\d\d)(\d\d)\..*/, '$1-$2-$3')

const folder = mkdtempSync(path.join(tmpdir(), 'withusage-bench-'))
await build({
  entryPoints: [path.join(import.meta.dirname, 'workerd.ts')],
  outfile: path.join(folder, 'worker.js'),
  bundle: true,
  format: 'esm',
  target: 'es2024',
  conditions: ['workerd', 'worker'],
  external: ['node:*', '@withusage/sqlite'],
  logLevel: 'error',
})
writeFileSync(
  path.join(folder, 'worker.capnp'),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "${compatibilityDate}",
    bindings = [(name = "WAY", text = "${way}")],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
)
const child = spawn(installed('workerd/bin/workerd'), ['serve', path.join(folder, 'worker.capnp'), '--control-fd=3'], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
})
const control = child.stdio[3] as Readable
control.setEncoding('utf8').on('data', (text: string) => {
  const { port } = JSON.parse(text.split('\n', 1)[0] ?? '')
  if (port) listening(port)
})
process.once('exit', () => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
