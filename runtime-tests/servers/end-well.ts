import type { Scenarios } from './scenarios.ts'

/** Long enough for what is about to end. */
const TIMEOUT_MS = 300

/** At SIGTERM closes the recorder, prints the books as one line, and ends. */
export function endWell({ options, books }: Pick<Scenarios, 'options' | 'books'>): void {
  process.once('SIGTERM', async () => {
    await options.recorder.close({ timeoutMs: TIMEOUT_MS })
    const lastWords = `${JSON.stringify(await books())}\n`
    process.stdout.write(lastWords, () => process.exit(0))
  })
}
