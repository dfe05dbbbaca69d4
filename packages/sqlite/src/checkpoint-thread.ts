import { builtinModule } from './builtin-module.ts'

/** A thread with a connection of its own. It keeps the process alive only while a checkpoint is under way. */
export interface CheckpointThread {
  /** Resolves when the checkpoint is done or has failed, or the thread has ended. */
  checkpoint(): Promise<void>
  end(): Promise<unknown>
}

/**
 * Source text and no file of its own: it survives every bundler. A checkpoint that fails leaves its pages to the next
 * one.
 */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
const { existsSync } = require('node:fs')
const { DatabaseSync } = require('node:sqlite')
let database
parentPort.on('message', () => {
  try {
    if (!database && existsSync(workerData)) database = new DatabaseSync(workerData, { timeout: 0 })
    database?.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {}
  parentPort.postMessage('done')
})
`

/**
 * Over the absolute path of a file, which is never made here when it is gone.
 *
 * `null` where there are no threads: commits then checkpoint by themselves, at the bound that the connection sets.
 */
export function startCheckpointThread(file: string): CheckpointThread | null {
  const threads = builtinModule('node:worker_threads')
  if (!threads) return null
  try {
    return watch(new threads.Worker(SOURCE, { eval: true, workerData: file, execArgv: [] }))
  } catch {
    return null
  }
}

/** A worker of `node:worker_threads`, as far as it is used. */
interface Worker {
  on(event: 'message' | 'error' | 'exit', listener: () => void): unknown
  postMessage(message: string): void
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}

function watch(worker: Worker): CheckpointThread {
  let ended = false
  let answer = (): void => {}
  worker.on('message', () => answer())
  worker.on('error', () => {})
  worker.on('exit', () => {
    ended = true
    answer()
  })
  worker.unref()
  return {
    async checkpoint() {
      if (ended) return
      worker.ref()
      await new Promise<void>((resolve) => {
        answer = resolve
        worker.postMessage('checkpoint')
      })
      worker.unref()
    },
    end: () => worker.terminate(),
  }
}
