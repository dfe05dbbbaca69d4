import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A process of its own that runs one of the scripts beside this file. It is ended with the test. */
export interface Child {
  /** Resolves with the next line that the child prints, `null` at its end. */
  line(): Promise<string | null>
  kill(): void
  /** The exit code; `null` when it was killed. */
  exit: Promise<number | null>
}

export function startChild(script: string, ...parameters: (string | number)[]): Child {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [file, ...parameters.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => (await lines.next()).value ?? null,
    kill: () => {
      child.kill('SIGKILL')
    },
    exit: exitOf(child),
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit')
  return code
}
