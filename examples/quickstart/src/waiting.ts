import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Recorder } from '@withusage/core'

/** A client has its answer a moment before the server has taken its last note. Waits for the notes, and the file. */
export async function settled(recorder: Recorder, deadlineMs = 10_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  await recorder.flush()
  while (recorder.stats().inFlight > 0) {
    if (Date.now() > deadline) throw new Error(`${recorder.stats().inFlight} requests were never settled`)
    await sleep(5)
    await recorder.flush()
  }
}

/** Ctrl-C, or the end that a process manager asks for. */
export async function interrupted(): Promise<void> {
  const abort = new AbortController()
  const { signal } = abort
  await Promise.race([once(process, 'SIGINT', { signal }), once(process, 'SIGTERM', { signal })])
  abort.abort()
}
