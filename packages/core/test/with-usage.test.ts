import { expect, it } from 'vitest'
import { withUsage } from '../src/with-usage.ts'

it('names two parameters, since some servers give a handler no more than it names', () => {
  expect(withUsage(() => new Response('Hello'))).toHaveLength(2)
})
