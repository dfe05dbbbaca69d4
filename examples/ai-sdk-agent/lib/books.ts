import { createRecorder, memoryStore, type Recorder, type UsageStore } from '@withusage/core'

interface Books {
  store: UsageStore
  recorder: Recorder
}

const shared = globalThis as { books?: Books }

/**
 * Where usage is written down: here in memory, in earnest in a database. On `globalThis`, because Next gives
 * `instrumentation.ts` and every route a copy of this module.
 */
export function books(): Books {
  shared.books ??= openBooks()
  return shared.books
}

function openBooks(): Books {
  const store = memoryStore()
  return { store, recorder: createRecorder({ store }) }
}
