import { expect, it } from 'vitest'
import { fuzz } from './fuzz.ts'

it('a body that no one would send is read without a throw, and its reading keeps the law', () => {
  const { tried, threw, lawless, found } = fuzz({ runs: 5000, seed: 20_261_127 })
  expect({ tried, threw, lawless, found }).toEqual({ tried: 5000, threw: 0, lawless: 0, found: null })
})
