import { testStore } from '@withusage/testing'
import { sqliteStore } from '../src/index.ts'

testStore('sqliteStore in memory', () => sqliteStore({ path: ':memory:' }))
