import { fileURLToPath } from 'node:url'
import type { EndingServer } from '@withusage/testing'
import { startNextApp } from '@withusage/testing/next-app'
import { commandOf, endingRoutes, type Runtime } from './program.ts'

/** The Next.js app with the suite's handlers. */
export const NEXT_APP = fileURLToPath(new URL('../../next', import.meta.url))

/** The app, once built, as `testDisconnect` wants its server: SIGTERM is the app's own to answer. */
export async function startNextEndings(runtime: Runtime): Promise<EndingServer> {
  const app = await startNextApp(NEXT_APP, { NEXT_MANUAL_SIG_HANDLE: 'true' }, commandOf(runtime))
  return {
    ...endingRoutes(app.url),
    async shutDown() {
      await app.stop('SIGTERM')
      return JSON.parse(/^\{"stats".*$/m.exec(app.output())?.[0] ?? 'null')
    },
    close: () => app.stop(),
  }
}
