import { type CheckpointThread, startCheckpointThread } from './checkpoint-thread.ts'

/** Pages written between two checkpoints: about four megabytes of write-ahead log. */
const PAGES = 1_000

/** What one commit adds to the log, in pages, by measure: a leaf of the table and of each index, and now and then a split. */
const PAGES_A_COMMIT = 4
const PAGES_A_ROW = 0.25

/**
 * Moves the write-ahead log into the database on another thread, about every thousand pages. A checkpoint waits for
 * the disk; inside a commit, where SQLite would do it, that holds the event loop for 15 to 45 ms.
 *
 * @see docs/decisions/sqlite-slices.md
 */
export class Checkpointer {
  readonly #file: string
  #thread: CheckpointThread | null | undefined
  #underWay: Promise<void> = Promise.resolve()
  #pages = 0

  /** `file` is an absolute path: the thread starts later, when the working directory may be another. */
  constructor(file: string) {
    this.#file = file
  }

  /**
   * Resolves when no checkpoint is under way. The store waits for it: a write beside a checkpoint keeps the log from
   * starting over, and it would grow for as long as writes do not pause.
   */
  idle(): Promise<void> {
    return this.#underWay
  }

  /** One commit has written rows of any table. The thread starts when there is something to do. */
  wrote(rows: number): void {
    if (rows === 0) return
    this.#pages += PAGES_A_COMMIT + rows * PAGES_A_ROW
    if (this.#pages < PAGES) return
    this.#pages = 0
    this.#underWay = this.#underWay.then(() => this.#checkpoint())
  }

  async close(): Promise<void> {
    await this.#underWay
    await this.#thread?.end()
  }

  async #checkpoint(): Promise<void> {
    if (this.#thread === undefined) this.#thread = startCheckpointThread(this.#file)
    await this.#thread?.checkpoint()
  }
}
