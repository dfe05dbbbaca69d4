import * as asyncHooks from 'node:async_hooks'
import type { UsageConfiguration } from './configuration.ts'
import type { UsageHandle } from './context.ts'
import type { Recorder } from './recorder.ts'

/**
 * What one process shares. It hangs on `globalThis`, because a bundler or a second copy of core would otherwise each
 * have their own module state. Only plain data and duck-typed interfaces: the other copy may be of another version.
 */
export interface ProcessState {
  storage: asyncHooks.AsyncLocalStorage<UsageHandle>
  configuration: UsageConfiguration | null
  /** Used when nothing else is configured; made at the first request. */
  defaultRecorder: Recorder | null
  /** A handler with `recorder: null` has run: stamps outside a request are no sign of a mistake. */
  transparent: boolean
  /** When a warning of a code was last printed, and how many were held back since. */
  warnings: Map<string, { printedAt: number; heldBack: number }>
}

/** The version is the version of `ProcessState`. */
const key = Symbol.for('withusage/1')

type Holder = { [key]?: ProcessState }

/** The state of this process, made at the first call. */
export function processState(): ProcessState {
  const holder = globalThis as Holder
  holder[key] ??= {
    storage: new asyncHooks.AsyncLocalStorage(),
    configuration: null,
    defaultRecorder: null,
    transparent: false,
    warnings: new Map(),
  }
  return holder[key]
}

/** Runs something in an async context that was there before. */
export type Resume = <T>(work: () => T) => T

/**
 * Resumes the async context of this call: to make it anew takes ten times as long, and a snapshot of it four times.
 * `undefined` on a platform that cannot; an import by name would not even load there.
 */
export function resumer(): Resume | undefined {
  const { AsyncResource } = asyncHooks
  if (typeof AsyncResource !== 'function') return undefined
  const context = new AsyncResource('withusage')
  return (work) => context.runInAsyncScope(work)
}
