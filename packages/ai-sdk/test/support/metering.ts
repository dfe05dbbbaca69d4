import {
  createRecorder,
  memoryStore,
  type Recorder,
  type UsageError,
  type UsageRecord,
  withUsage,
} from '@withusage/core'
import { expectStoredAccount } from '@withusage/testing'
import { onTestFinished } from 'vitest'

export interface Metering {
  recorder: Recorder
  errors: UsageError[]
  /** Serves one request with a program, whose answer holds no usage. What the program throws, its caller gets. */
  serve<T>(program: () => Promise<T>): Promise<T>
  /** In the order of their lines. */
  records(): Promise<readonly UsageRecord[]>
}

/** A recorder of which the test sees everything; in the end it must account for every request. */
export function metering(): Metering {
  const store = memoryStore()
  const errors: UsageError[] = []
  const onError = (error: UsageError): void => void errors.push(error)
  const recorder = createRecorder({ store, batch: { intervalMs: 3_600_000 }, onError })
  onTestFinished(() => expectStoredAccount(recorder, store))
  return {
    recorder,
    errors,
    async serve(program) {
      let told: ReturnType<typeof program> | undefined
      const handler = withUsage(
        async () => {
          told = program()
          await told.catch(() => {})
          return new Response('done')
        },
        { recorder, onError },
      )
      await (await handler(new Request('https://app.test/answer', { method: 'POST' }))).text()
      return told as ReturnType<typeof program>
    },
    async records() {
      await recorder.flush()
      const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
      return records.toSorted((one, other) => one.line - other.line)
    },
  }
}
