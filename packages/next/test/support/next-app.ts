import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'

export interface NextApp {
  /** Where it listens. */
  url: string
  /** What it has printed so far. */
  output(): string
  /** Resolves when it has ended. `'SIGTERM'` asks it to, as a platform does. Default `'SIGKILL'`. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** `next build` of the app in that folder. */
export async function buildNextApp(folder: string): Promise<void> {
  const { child, output } = runNext(folder, ['build'])
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build ended with ${code}:\n${output()}`)
}

/** `next start` of an app that was built, on a free port of this machine. */
export async function startNextApp(folder: string, environment: Record<string, string> = {}): Promise<NextApp> {
  const { child, output } = runNext(folder, ['start', '--hostname', '127.0.0.1', '--port', '0'], environment)
  const closed = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const [, address] = /Local: +(\S+).*Ready/s.exec(output()) ?? []
      if (address) resolve(address)
    })
    closed.then(() => reject(new Error(`next start ended:\n${output()}`)))
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

function runNext(folder: string, args: readonly string[], environment: Record<string, string> = {}) {
  const next = createRequire(path.join(folder, 'package.json')).resolve('next/dist/bin/next')
  const child = spawn(process.execPath, [next, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text))
  return { child, output: () => printed }
}
