/** `next start` of the app in `next/`, built when it is not. Ends with its input. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { buildNextApp, startNextApp } from '@withusage/testing/next-app'
import { way } from './served.ts'

const folder = path.join(import.meta.dirname, '../next')
if (!existsSync(path.join(folder, '.next/BUILD_ID'))) await buildNextApp(folder)
const { url, stop } = await startNextApp(folder, { BENCH_WAY: way })
process.stdout.write(`${url}\n`)
process.stdin.resume().once('end', async () => {
  await stop()
  process.exit()
})
