import type { UsageRecord, UsageStore } from '@withusage/core'
import { sqliteStore } from '@withusage/sqlite'
import type { Provider } from './arguments.ts'
import { type Account, readAccount, readRecords, readUsage, sumAccount, sumUsage, type Usage } from './books.ts'
import type { SentCall } from './calls/call.ts'
import { accountDifferences } from './differences/account.ts'
import { recordsDifferences } from './differences/record.ts'
import { usageDifferences } from './differences/usage.ts'

/** The two tables that are printed. */
export interface Tables {
  usage: Usage
  account: Account
}

/** What a reopened file says. */
export interface Books extends Tables {
  records: readonly UsageRecord[]
}

/** One round of traffic. */
export interface Round {
  provider: Provider
  sent: readonly SentCall[]
  /** The tables of the file before the round: it need not be new. */
  before: Tables
}

export async function readTables(store: UsageStore): Promise<Tables> {
  return { usage: sumUsage(await readUsage(store)), account: sumAccount(await readAccount(store)) }
}

/** Opens the file anew, as someone would who has nothing but the file. */
export async function reopen(path: string): Promise<Books> {
  const store = sqliteStore({ path })
  try {
    return { records: await readRecords(store), ...(await readTables(store)) }
  } finally {
    await store.close()
  }
}

/**
 * Compares the file with what the clients themselves were told. Independent of the metering: the counts come from the
 * SDKs' own objects.
 *
 * @returns every difference, in words; empty when the file is right
 */
export function findDifferences({ provider, sent, before }: Round, books: Books): string[] {
  return [
    ...recordsDifferences(sent, books.records, provider),
    ...usageDifferences(sent, books.usage, before.usage),
    ...accountDifferences(sent, books.account, before.account),
  ]
}
