/** The middleware of the AI SDK: one for the models that answer and those that embed, whatever else it is given. */

import { type UsageMiddleware, usageMiddleware } from '@withusage/ai-sdk'
import type { Recorder } from '@withusage/core'
import {
  type EmbeddingModelMiddleware,
  type LanguageModelMiddleware,
  wrapEmbeddingModel,
  wrapLanguageModel,
  wrapProvider,
} from 'ai'
import { expectTypeOf } from 'expect-type'

declare const recorder: Recorder
declare const provider: Parameters<typeof wrapProvider>[0]['provider']
declare const languageModel: Parameters<typeof wrapLanguageModel>[0]['model']
declare const embeddingModel: Parameters<typeof wrapEmbeddingModel>[0]['model']

const middleware = usageMiddleware()
expectTypeOf(middleware).toEqualTypeOf<UsageMiddleware>()
expectTypeOf(middleware).toExtend<LanguageModelMiddleware>()
expectTypeOf(middleware).toExtend<EmbeddingModelMiddleware>()

export const models = [
  wrapLanguageModel({ model: languageModel, middleware }),
  wrapEmbeddingModel({ model: embeddingModel, middleware: [middleware] }),
  wrapProvider({ provider, languageModelMiddleware: middleware }),
]

usageMiddleware({ recorder, identify: () => ({ user: { id: 'ada' } }), endpoint: '/jobs/nightly' })
// @ts-expect-error there is no request to ask
usageMiddleware({ recorder, identify: (request: Request) => ({ user: { id: request.url } }) })
// @ts-expect-error the SDK tells, no format is read
usageMiddleware({ formats: [] })
