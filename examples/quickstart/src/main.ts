import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createRecorder } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import { ArgumentError, type Arguments, HELP, readArguments } from './arguments.ts'
import { listen } from './listen.ts'
import { formatCall, HOW_TO, printTables } from './report.ts'
import { createApp } from './server.ts'
import { planCalls, sendCalls } from './traffic.ts'
import { startMockUpstream } from './upstream/mock.ts'
import { realUpstream } from './upstream/real.ts'
import { findDifferences, type Round, readTables, reopen } from './verify.ts'
import { interrupted, settled } from './waiting.ts'

process.exitCode = await main(process.argv.slice(2)).catch(explain)

/** @returns the exit code: 0, or 1 when the file differs from what the clients were told */
async function main(argv: readonly string[]): Promise<number> {
  const options = readArguments(argv)
  if (options.help) {
    console.log(HELP)
    return 0
  }
  const path = resolve(options.db ?? join(mkdtempSync(join(tmpdir(), 'withusage-')), 'usage.db'))
  const round = await serve(options, path)
  if (options.once) return await check(path, round)
  console.log(`\nThe server has ended. Its records are in ${path}.`)
  return 0
}

/** Starts, sends the traffic, shows what was recorded, and closes everything that it opened, last one first. */
async function serve(options: Arguments, path: string): Promise<Round> {
  await using closing = new AsyncDisposableStack()
  const upstream = closing.adopt(await openUpstream(options), (opened) => opened.close())
  const store = closing.adopt(sqliteStore({ path }), (opened) => opened.close())
  const recorder = closing.adopt(createRecorder({ store }), (opened) => opened.close())
  const server = closing.adopt(await listen(createApp(recorder, upstream), options.port), (opened) => opened.close())

  console.log(`A metered proxy listens on ${server.url}. It asks ${upstream.name}.\n`)
  const before = await readTables(store)
  const sent = await sendCalls(server.url, planCalls(upstream), (call) => console.log(formatCall(call)))
  await settled(recorder)
  await printTables(store)

  console.log(`\nThe file is ${path}${options.db ? '' : ' (a new one each time; --db keeps one)'}.\n\n${HOW_TO}\n`)
  const round = { provider: options.provider, sent, before }
  if (options.once) return round
  console.log(`Point a client of yours at ${server.url}, with the key key-ada-laptop. Ctrl-C ends the server.`)
  await interrupted()
  return round
}

function openUpstream({ provider }: Arguments) {
  return provider === 'mock' ? startMockUpstream() : realUpstream(provider, process.env)
}

async function check(path: string, round: Round): Promise<number> {
  const differences = findDifferences(round, await reopen(path))
  if (differences.length > 0) {
    console.error(
      `The file differs from what the clients were told:\n${differences.map((it) => `  ✗ ${it}`).join('\n')}`,
    )
    return 1
  }
  const { sent } = round
  const records = sent.filter((call) => call.expect.account === 'recorded').length
  const rest = sent.length - records
  console.log(
    `Read back: ${sent.length} requests, ${records} records as the clients were told, ${rest} without one, counted.`,
  )
  return 0
}

function explain(error: unknown): number {
  console.error(error instanceof Error ? error.message : error)
  if (error instanceof ArgumentError) console.error('--help shows the options.')
  return error instanceof ArgumentError ? 2 : 1
}
