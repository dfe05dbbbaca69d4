import { expectStoredAccount, type Fault, type FaultyStore, faultyStore, sound } from '@withusage/testing'
import { onTestFinished } from 'vitest'
import type { UsageError } from '../../src/errors.ts'
import { createRecorder, type Recorder, type RecorderOptions } from '../../src/recorder.ts'
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts'

/** A real recorder over a store that misbehaves as told. */
export interface Recording {
  recorder: Recorder
  store: FaultyStore
  /** The real store behind it: what truly arrived. */
  memory: MemoryStore
  errors: UsageError[]
  codes(): string[]
}

/** Quick retries, and no write that the test does not ask for. */
const OPTIONS = { retry: { attempts: 3, minMs: 1, maxMs: 1 }, batch: { intervalMs: 3_600_000 } }

/** A recorder for one test. When the test is over the store recovers, and must then tell the recorder's account. */
export function recording(fault: Fault = sound, options: Partial<RecorderOptions> = {}): Recording {
  const recording = openRecording(fault, options)
  onTestFinished(() => {
    recording.store.behave(sound)
    return expectStoredAccount(recording.recorder, recording.memory)
  })
  return recording
}

/** The same, for a test whose store never tells the recorder's account. */
export function openRecording(fault: Fault = sound, options: Partial<RecorderOptions> = {}): Recording {
  const memory = memoryStore()
  const store = faultyStore(memory, fault)
  const errors: UsageError[] = []
  const onError = (error: UsageError): void => void errors.push(error)
  const recorder = createRecorder({ store, onError, ...OPTIONS, ...options })
  return { recorder, store, memory, errors, codes: () => errors.map(({ code }) => code) }
}
