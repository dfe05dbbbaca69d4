import type { UsageStore } from '@withusage/core'
import { readAccount, readUsage, sumAccount } from './books.ts'
import type { SentCall } from './calls/call.ts'
import { formatTable } from './table.ts'

/** One line per call, as it happens. */
export function formatCall({ key, name, told, expect }: SentCall): string {
  const who = (key?.user.id ?? 'nobody').padEnd(6)
  const what = told ? `${count(told.counts.inputTokens)} in, ${count(told.counts.outputTokens)} out` : outcomeOf(expect)
  return `  ${who}  ${name.padEnd(46)}  ${what}`
}

const count = (tokens: number | null) => tokens ?? '?'
const outcomeOf = (expect: SentCall['expect']) => ('reason' in expect ? `no counts (${expect.reason})` : 'no counts')

export async function printTables(store: UsageStore): Promise<void> {
  console.log(`\nUsage by user and model\n\n${await formatUsage(store)}`)
  console.log(`\nThe account of all requests\n\n${await formatAccount(store)}`)
}

/** Usage by user and model. */
async function formatUsage(store: UsageStore): Promise<string> {
  const header = ['user', 'model', 'requests', 'input', 'of it cached', 'output', 'of it reasoning', 'incomplete']
  const rows = (await readUsage(store)).map((bucket) => [
    bucket.group.userId ?? null,
    bucket.group.servedModel ?? null,
    bucket.requests,
    bucket.inputTokens,
    bucket.cacheReadTokens,
    bucket.outputTokens,
    bucket.reasoningTokens,
    bucket.incomplete,
  ])
  return formatTable(header, rows)
}

/** What became of every request. */
async function formatAccount(store: UsageStore): Promise<string> {
  const account = sumAccount(await readAccount(store))
  const rows = [...account].map(([key, requests]) => {
    const [name = '', reason = ''] = key.split(' ')
    return [name, reason, requests]
  })
  const total = [...account.values()].reduce((sum, requests) => sum + requests, 0)
  return formatTable(['account', 'reason', 'requests'], [...rows, ['all', '', total]])
}

export const HOW_TO = `The one line that meters your own Hono server:

  app.use(usage({ recorder, identify: (c) => ({ user: { id: c.get('userId') } }) }))`
