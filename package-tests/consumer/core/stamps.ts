/** What a stamp takes, and what it does not. */
import {
  addUsage,
  currentUsage,
  isUsageError,
  stampUsage,
  type UsageErrorCode,
  type UsageHandle,
} from '@withusage/core'
import { expectTypeOf } from 'expect-type'

stampUsage({ model: 'qwen-7b', inputTokens: 9, outputTokens: 5, tags: { team: 'search' } })
stampUsage({ requestedModel: 'auto', units: { webSearches: 2 } })
addUsage({ model: 'gpt-4o-mini', inputTokens: 800, outputTokens: null })
currentUsage()?.identify({ user: { id: 'ada' }, source: 'apikey' })
expectTypeOf(currentUsage).returns.toEqualTypeOf<UsageHandle | undefined>()

// @ts-expect-error a count is a number
stampUsage({ inputTokens: '9' })
// @ts-expect-error there is no such field
stampUsage({ promptTokens: 9 })
// @ts-expect-error nor such a unit
stampUsage({ units: { pages: 2 } })
// @ts-expect-error tags are texts
addUsage({ inputTokens: 1, tags: { attempt: 2 } })
// @ts-expect-error the handle says nothing of models
currentUsage()?.model

try {
  stampUsage({ inputTokens: -1 })
} catch (error) {
  if (isUsageError(error)) expectTypeOf(error.code).toEqualTypeOf<UsageErrorCode>()
}
