import type { UsageOptions, UsageRecord } from '../../src/index.ts'
import { metering } from '../support/metered.ts'
import { serve } from '../support/serve.ts'

export const CHAT = '/v1/chat/completions'

/** The record of one request over HTTP. After the test, nothing is in flight and the store tells the same account. */
export async function recordOf(
  handler: (request: Request) => Response | Promise<Response>,
  { path = CHAT, headers = {}, ...options }: UsageOptions<[Request]> & { path?: string; headers?: HeadersInit } = {},
): Promise<UsageRecord> {
  const { wrap, record } = metering()
  const { read } = await serve(wrap(handler, options))
  await read(path, { headers })
  return record()
}

/** These fields of every row, in the order of `sorted`. */
export function told<Row extends object>(rows: readonly Row[], ...fields: (keyof Row)[]): unknown[][] {
  return sorted(rows.map((row) => fields.map((field) => row[field])))
}

/** An order of its own, for rows that come in any. Sets would not tell a row that came twice from one that is missing. */
export function sorted(rows: readonly (readonly unknown[])[]): unknown[][] {
  const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  return rows.map((row) => [...row]).sort(byText)
}
