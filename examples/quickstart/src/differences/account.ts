import { type Account, accountKey } from '../books.ts'
import type { SentCall } from '../calls/call.ts'

/** Every request once: with a record, or counted under the reason it has none. */
export function accountDifferences(sent: readonly SentCall[], account: Account, before: Account): string[] {
  const expected: Account = new Map(before)
  for (const { expect } of sent) {
    const key = accountKey(expect.account, 'reason' in expect ? expect.reason : null)
    expected.set(key, (expected.get(key) ?? 0) + 1)
  }
  return [...new Set([...expected.keys(), ...account.keys()])]
    .filter((key) => expected.get(key) !== account.get(key))
    .map((key) => `the account has ${account.get(key) ?? 0} requests "${key}", ${expected.get(key) ?? 0} were sent`)
}
