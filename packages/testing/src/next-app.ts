import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'

/** A Next.js app that serves, as another process. */
export interface NextApp {
  /** Where it listens. */
  url: string
  /** What it has printed so far. */
  output(): string
  /** Resolves when it has ended. `'SIGTERM'` asks it to, as a platform does; `next dev` must be asked. Default `'SIGKILL'`. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/**
 * `next build` of the app in that folder. Gives what it has printed.
 *
 * @throws what it has printed, when it fails
 */
export async function buildNextApp(folder: string, ...flags: readonly string[]): Promise<string> {
  const { child, output } = runNext(folder, ['build', ...flags])
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build ended with ${code}:\n${output()}`)
  return output()
}

/** `next start` of an app that was built, on a free port of this machine; by the command that is given, or this Node. */
export function startNextApp(
  folder: string,
  environment: Record<string, string> = {},
  runtime: readonly string[] = [process.execPath],
): Promise<NextApp> {
  return serve(folder, 'start', environment, runtime)
}

/** `next dev` of the app in that folder, on a free port of this machine: a file that changes is compiled again. */
export function developNextApp(folder: string): Promise<NextApp> {
  return serve(folder, 'dev', { NODE_ENV: 'development' })
}

async function serve(
  folder: string,
  command: string,
  environment: Record<string, string>,
  runtime?: readonly string[],
): Promise<NextApp> {
  const args = [command, '--hostname', '127.0.0.1', '--port', '0']
  const { child, output } = runNext(folder, args, environment, runtime)
  const closed = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const [, address] = /Local: +(\S+).*Ready/s.exec(output()) ?? []
      if (address) resolve(address)
    })
    closed.then(() => reject(new Error(`next ${command} ended:\n${output()}`)))
  })
  return {
    url,
    output,
    async stop(signal = 'SIGKILL') {
      child.kill(signal)
      await closed
    },
  }
}

function runNext(
  folder: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  [command, ...flags]: readonly string[] = [process.execPath],
) {
  const next = createRequire(path.join(folder, 'package.json')).resolve('next/dist/bin/next')
  const child = spawn(command ?? process.execPath, [...flags, next, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text))
  return { child, output: () => printed }
}
