import { describe } from 'vitest'
import { testAccounts } from './store/accounts.ts'
import { testAggregates } from './store/aggregates.ts'
import { testBuckets } from './store/buckets.ts'
import { testGroups } from './store/groups.ts'
import { testLife } from './store/life.ts'
import { testRecords } from './store/records.ts'
import type { CreateStore } from './store/with-store.ts'
import { testWrites } from './store/writes.ts'

/**
 * What every store promises, by test: run it in the test file of a store.
 *
 * @param create called for each test; the store it makes must be empty
 */
export function testStore(name: string, create: CreateStore): void {
  describe(name, () => {
    describe('writes', () => testWrites(create))
    describe('records', () => testRecords(create))
    describe('aggregates', () => testAggregates(create))
    describe('buckets', () => testBuckets(create))
    describe('groups and filters', () => testGroups(create))
    describe('the account', () => testAccounts(create))
    describe('its life', () => testLife(create))
  })
}
