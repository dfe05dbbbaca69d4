import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type AdapterServer, routes } from '@withusage/testing'

const installed = (file: string): string => {
  const [name = ''] = file.split('/')
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return path.join(path.dirname(manifest), file.slice(name.length + 1))
}

/** The command that runs a TypeScript file of this workspace. */
const COMMANDS = {
  node: [process.execPath, '--no-warnings'],
  deno: [installed('deno/deno'), 'run', '--no-check', '--node-modules-dir=manual', '--allow-net=127.0.0.1'],
  bun: [installed('bun/bin/bun.exe'), 'run'],
} as const

export type Runtime = keyof typeof COMMANDS

/** A program that serves, as another process. */
export interface Program {
  /** What it printed when it listened: its address. */
  url: string
  /** What it has complained of so far. */
  complaints(): string
  /** Afterwards all that it complained of has come. */
  stop(): Promise<void>
}

/**
 * Starts a server of `servers/`. Its working directory is outside the workspace: Deno, when it finds a package missing,
 * writes into the `package.json` beside a `pnpm-workspace.yaml` above it.
 */
export async function startProgram(runtime: Runtime, name: string): Promise<Program> {
  const [command, ...args] = COMMANDS[runtime]
  const file = path.join(import.meta.dirname, '../../servers', name)
  const child = spawn(command, [...args, file], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const url = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => Promise.reject(new Error(`${runtime} ended at once: ${complaints}`))),
  ])
  return { url, complaints: () => complaints, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}

/** As `testAdapter` wants its server. */
export async function startScenarios(runtime: Runtime): Promise<AdapterServer> {
  const { url, stop } = await startProgram(runtime, `${runtime}.ts`)
  return { ...routes(url), close: stop }
}
