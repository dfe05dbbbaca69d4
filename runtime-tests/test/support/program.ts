import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type AdapterServer, type EndingServer, routes } from '@withusage/testing'

const installed = (file: string): string => {
  const [name = ''] = file.split('/')
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return path.join(path.dirname(manifest), file.slice(name.length + 1))
}

/** The command that runs a TypeScript file of this workspace. */
const COMMANDS = {
  node: [process.execPath, '--no-warnings'],
  node22: [installed('node22/bin/node'), '--no-warnings'],
  node26: [installed('node26/bin/node'), '--no-warnings'],
  deno: [installed('deno/deno'), 'run', '--no-check', '--node-modules-dir=manual', '--allow-net=127.0.0.1'],
  /** For frameworks that look around: Express asks for the environment. */
  denoAllowingAll: [installed('deno/deno'), 'run', '--no-check', '--node-modules-dir=manual', '--allow-all'],
  bun: [installed('bun/bin/bun.exe'), 'run', '--bun'],
} as const

export type Runtime = keyof typeof COMMANDS

export function commandOf(runtime: Runtime): readonly string[] {
  return COMMANDS[runtime]
}

/** A program that serves, as another process. */
export interface Program {
  /** What it printed when it listened: its address. */
  url: string
  /** What it has complained of so far. */
  complaints(): string
  /** Asks it to end, as a platform does. Resolves, when it has ended, to its last words: the line that it printed then. */
  terminate(): Promise<string>
  /** Afterwards all that it complained of has come. */
  stop(): Promise<void>
}

/**
 * Starts a server of `servers/`. Its working directory is outside the workspace: Deno, when it finds a package missing,
 * writes into the `package.json` beside a `pnpm-workspace.yaml` above it.
 */
export async function startProgram(runtime: Runtime, name: string, ...words: readonly string[]): Promise<Program> {
  const [command, ...args] = COMMANDS[runtime]
  const file = path.join(import.meta.dirname, '../../servers', name)
  const child = spawn(command, [...args, file, ...words], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const printed: string[] = []
  const lines = createInterface({ input: child.stdout }).on('line', (line) => printed.push(line))
  const url = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => Promise.reject(new Error(`${runtime} ended at once: ${complaints}`))),
  ])
  const terminate = async (): Promise<string> => {
    await end(child, 'SIGTERM')
    return printed.at(-1) ?? ''
  }
  return { url, complaints: () => complaints, terminate, stop: () => end(child, 'SIGKILL') }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'close')
}

/** Where the servers of `testDisconnect` have it all. */
export function endingRoutes(url: string): Pick<EndingServer, 'metered' | 'impatient' | 'draining'> {
  return { metered: `${url}/metered`, impatient: `${url}/impatient`, draining: `${url}/draining` }
}

/** The server of `servers/` for that runtime. */
const SERVERS: Readonly<Record<Runtime, string>> = {
  node: 'node.ts',
  node22: 'node.ts',
  node26: 'node.ts',
  deno: 'deno.ts',
  denoAllowingAll: 'deno.ts',
  bun: 'bun.ts',
}

/** As `testAdapter` wants its server. */
export async function startScenarios(runtime: Runtime): Promise<AdapterServer> {
  const { url, stop } = await startProgram(runtime, SERVERS[runtime])
  return { ...routes(url), close: stop }
}

/** As `testDisconnect` wants its server. */
export async function startEndings(runtime: Runtime, name = SERVERS[runtime]): Promise<EndingServer> {
  const { url, stop, terminate } = await startProgram(runtime, name)
  return {
    ...endingRoutes(url),
    shutDown: async () => JSON.parse(await terminate()),
    close: stop,
  }
}

/** Which workerd serves a Worker: the one that miniflare comes with, or the latest. */
export type WorkerdAge = 'miniflare' | 'latest'

/** A Worker of `servers/`, as `testDisconnect` wants its server: it is told of no end, and has no last words. */
export async function startWorkerEndings(age: WorkerdAge, name = 'workerd.ts'): Promise<EndingServer> {
  const { url, terminate } = await startProgram('node', 'start-workerd.ts', name, age)
  // Killed, it would leave its workerd behind.
  return {
    ...endingRoutes(url),
    shutDown: () => terminate().then(() => null),
    close: () => terminate().then(() => {}),
  }
}
