import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Recorder } from '@withusage/core'
import type { AdapterServer } from './test-adapter.ts'

/** Listens, on a port of this machine, with a server of this process that has every route of the suite. */
export async function servedHere(server: Server, recorder: Recorder): Promise<Required<AdapterServer>> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    ...routes(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async close() {
      server.closeAllConnections()
      server.close()
      await recorder.close()
    },
  }
}

/** Every route of the suite, on a server that has them all under these names. */
export function routes(url: string): Required<Omit<AdapterServer, 'close'>> {
  return {
    bare: `${url}/bare`,
    metered: `${url}/metered`,
    compressed: {
      bare: `${url}/compressed-bare`,
      before: `${url}/compressed-before`,
      after: `${url}/compressed-after`,
    },
  }
}
