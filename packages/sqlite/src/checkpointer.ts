/** Rows written between two checkpoints: about a megabyte of write-ahead log. */
const ROWS = 1_000

/**
 * Moves the write-ahead log into the database on another thread. A checkpoint waits for the disk, 10 to 45 ms where it
 * was measured; on this thread that would hold the event loop inside a commit.
 *
 * @see docs/decisions/sqlite-slices.md
 */
export class Checkpointer {
  readonly #path: string
  #worker: Promise<CheckpointWorker | null> | null = null
  #rows = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Rows have been written. The thread starts when there is something to do. */
  wrote(rows: number): void {
    this.#rows += rows
    if (this.#rows < ROWS) return
    this.#rows = 0
    this.#worker ??= startWorker(this.#path)
    void this.#worker.then((worker) => worker?.postMessage('checkpoint'))
  }

  async close(): Promise<void> {
    const worker = await this.#worker
    this.#worker = null
    await worker?.terminate()
  }
}

interface CheckpointWorker {
  postMessage(message: string): void
  terminate(): Promise<unknown>
}

/** Source text and no file of its own: it survives every bundler. A checkpoint that fails is tried again at the next. */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
let database
parentPort.on('message', () => {
  try {
    database ??= new DatabaseSync(workerData, { timeout: 0 })
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {}
})
`

/** `null` where there are no threads: commits then checkpoint by themselves, at the bound set by the connection. */
async function startWorker(path: string): Promise<CheckpointWorker | null> {
  try {
    const { Worker } = await import('node:worker_threads')
    const worker = new Worker(SOURCE, { eval: true, workerData: path, execArgv: [], stdout: false, stderr: false })
    worker.on('error', () => {})
    worker.unref()
    return worker
  } catch {
    return null
  }
}
