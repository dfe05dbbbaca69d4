import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface Finished {
  code: number
  stdout: string
  stderr: string
}

interface Options {
  environment?: Record<string, string>
  /** Loaded before the program. */
  preload?: string
}

/** A directory that is gone when the test has ended. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'withusage-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Runs the program to its end, as `start` does. No key of this machine reaches it. */
export function run(args: readonly string[], { environment, preload }: Options = {}): Promise<Finished> {
  const argv = [...(preload ? ['--import', preload] : []), main, ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env: clean(environment) }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

/** Starts the program and leaves it up until the test ends. */
export function start(args: readonly string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [main, ...args], { env: clean(), stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function clean(environment: Record<string, string> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(OPENAI|ANTHROPIC|OLLAMA)_/.test(name))
  return { ...Object.fromEntries(own), TMPDIR: scratch(), ...environment }
}
