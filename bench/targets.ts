/** The servers under load: each way of each in a process of its own, on a core of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { installed } from './installed.ts'
import { load } from './load.ts'
import type { Seen } from './tally.ts'

/** What clients do. */
export interface Ask {
  path: string
  connections: number
  ms: number
}

export interface Sample extends Seen {
  /** Of the server, user and system, microseconds a request; `null` where the system does not tell. */
  cpuMicroseconds: number | null
}

export interface Target {
  /** Where it listens; `null` in process. */
  origin: string | null
  sample(ask: Ask): Promise<Sample>
  /** Bytes held after a collection; `null` where that cannot be asked. */
  held(): Promise<number | null>
  stop(): Promise<void>
}

const SERVER_CORE = '0'
const LOAD_CORE = '1'

/** Whether server and load have a core each. */
export const pinned: boolean =
  cpus().length > 1 && spawnSync('taskset', ['-acp', LOAD_CORE, String(process.pid)]).status === 0

const server = (file: string): string => path.join(import.meta.dirname, 'servers', file)
const onNode = (file: string): string[] => [process.execPath, '--expose-gc', '--no-warnings', server(file)]
const DENO = 'run --no-check --node-modules-dir=manual --allow-all --v8-flags=--expose-gc'.split(' ')

const COMMANDS = {
  hono: () => onNode('hono.ts'),
  'hono-middleware': () => onNode('hono-middleware.ts'),
  express: () => onNode('express.ts'),
  sdk: () => onNode('sdk.ts'),
  soak: () => onNode('../soak/server.ts'),
  'in-process': () => onNode('in-process.ts'),
  deno: () => [installed('deno/deno'), ...DENO, server('deno.ts')],
  bun: () => [installed('bun/bin/bun.exe'), 'run', server('bun.ts')],
  workerd: () => [process.execPath, '--no-warnings', server('start-workerd.ts')],
  next: () => [process.execPath, '--no-warnings', server('start-next.ts')],
}

export type ServerName = keyof typeof COMMANDS

/** @param flags of Node, for the servers that are a file of their own there */
export async function start(name: ServerName, way: string, store: string, flags: string[] = []): Promise<Target> {
  const [runtime = '', ...args] = COMMANDS[name]()
  const command = [...(pinned ? ['taskset', '-c', SERVER_CORE] : []), runtime, ...flags, ...args, way, store]
  return name === 'in-process' ? startInProcess(command) : startServer(command)
}

const spawned = (command: string[], stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[]): ChildProcess =>
  // Outside the workspace: Deno writes into a `package.json` beside a `pnpm-workspace.yaml` above it.
  spawn(command[0] as string, command.slice(1), {
    cwd: tmpdir(),
    stdio,
    env: { ...process.env, NODE_ENV: 'production' },
  })

async function startServer(command: string[]): Promise<Target> {
  const child = spawned(command, ['pipe', 'pipe', 'inherit'])
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const origin = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => Promise.reject(new Error(`${command.join(' ')} ended at once`))),
  ])
  return {
    origin,
    sample: (ask) => withCpu(child, () => load(origin, ask)),
    async held() {
      const response = await fetch(`${origin}/held`)
      return response.ok ? Number(await response.text()) : null
    },
    stop: () => stop(child),
  }
}

async function startInProcess(command: string[]): Promise<Target> {
  const child = spawned(command, ['ignore', 'inherit', 'inherit', 'ipc'])
  await once(child, 'message')
  const say = async <T>(message: Ask | 'held'): Promise<T> => {
    const answer = once(child, 'message')
    child.send(message)
    const [said] = await answer
    return said as T
  }
  return {
    origin: null,
    sample: (ask) => withCpu(child, () => say<Seen>(ask)),
    held: () => say<number>('held'),
    stop: () => stop(child),
  }
}

async function withCpu(child: ChildProcess, work: () => Promise<Seen>): Promise<Sample> {
  const before = cpuOf(child.pid)
  const seen = await work()
  const after = cpuOf(child.pid)
  return { ...seen, cpuMicroseconds: before === null || after === null ? null : (after - before) / seen.served }
}

/** Microseconds that the threads of a process, and of those it started, have run. Linux tells. */
function cpuOf(pid: number | undefined): number | null {
  try {
    let sum = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const of = `/proc/${pid}/task/${thread}`
      sum += Number(readFileSync(`${of}/schedstat`, 'utf8').split(' ', 1)[0]) / 1000
      for (const child of readFileSync(`${of}/children`, 'utf8').split(' ').filter(Boolean))
        sum += cpuOf(Number(child)) ?? 0
    }
    return sum
  } catch {
    return null
  }
}

/** They end with their input, or with the channel to here. */
async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin?.end()
  if (child.connected) child.disconnect()
  const killer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await ended
  clearTimeout(killer)
}
