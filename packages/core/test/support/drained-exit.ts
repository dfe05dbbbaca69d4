/** A body that never says anything more, read on without its client: nothing but its drain is left. Prints what runs. */
import { createRecorder } from '../../src/recorder.ts'
import { disabledStore } from '../../src/stores/disabled.ts'
import { withUsage } from '../../src/with-usage.ts'

const recorder = createRecorder({ store: disabledStore() })
const silent = (): Response => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))
const handler = withUsage(silent, { recorder, onDisconnect: { drain: { maxMs: 2 ** 31 - 1 } } })
const response = await handler(new Request('https://llm.test/v1/chat/completions', { method: 'POST' }))
await response.body?.cancel()
process.stdout.write(JSON.stringify(recorder.stats().drains))
