import { type CheckpointThread, startCheckpointThread } from './checkpoint-thread.ts'

/** Rows written between two checkpoints: about four megabytes of write-ahead log. */
const ROWS = 4_000

/**
 * Moves the write-ahead log into the database on another thread, every few thousand rows. A checkpoint waits for the
 * disk; inside a commit, where SQLite would do it, that holds the event loop for 15 to 45 ms.
 *
 * @see docs/decisions/sqlite-slices.md
 */
export class Checkpointer {
  readonly #path: string
  #thread: CheckpointThread | null | undefined
  #underWay: Promise<void> = Promise.resolve()
  #rows = 0

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Resolves when no checkpoint is under way. The store waits for it: a write beside a checkpoint keeps the log from
   * starting over, and it would grow for as long as writes do not pause.
   */
  idle(): Promise<void> {
    return this.#underWay
  }

  /** Rows have been written. The thread starts when there is something to do. */
  wrote(rows: number): void {
    this.#rows += rows
    if (this.#rows < ROWS) return
    this.#rows = 0
    this.#underWay = this.#underWay.then(() => this.#checkpoint())
  }

  async close(): Promise<void> {
    await this.#underWay
    await this.#thread?.end()
  }

  async #checkpoint(): Promise<void> {
    if (this.#thread === undefined) this.#thread = startCheckpointThread(this.#path)
    await this.#thread?.checkpoint()
  }
}
