import { createRecorder, meteredFetch } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { readHandbook } from './agent.ts'
import { clientsOver } from './clients.ts'

const { USAGE_DB = 'usage.db' } = process.env

/** A job outside any request: it says itself who pays, and where that is written down. */
const store = sqliteStore({ path: USAGE_DB })
const recorder = createRecorder({ store })
const clients = clientsOver(meteredFetch({ recorder, identify: () => ({ user: { id: 'nightly' }, source: 'job' }) }))

for (const topic of process.argv.slice(2)) console.log(await readHandbook(clients, topic))

await recorder.close()
await store.close()
