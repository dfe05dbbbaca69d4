import { describe, expectTypeOf, it } from 'vitest'
import type { UsageErrorCode } from '../src/errors.ts'
import { type Identity, isUsageError, type Reason, stampUsage, withUsage } from '../src/index.ts'
import type { UsageRecord } from '../src/record.ts'

interface NextContext {
  params: Promise<{ slug: string }>
}

class FrameworkRequest extends Request {
  readonly cookies = new Map<string, string>()
}

describe('The types of a wrapped handler', () => {
  it('need no more than a request', () => {
    const handler = withUsage(async () => new Response())
    expectTypeOf(handler).returns.toEqualTypeOf<Promise<Response>>()
    expectTypeOf(withUsage((request) => new Response(request.url)))
      .parameter(0)
      .toEqualTypeOf<Request>()
  })

  it('pass further arguments through', () => {
    const handler = withUsage(async (_request: FrameworkRequest, context: NextContext) => {
      await context.params
      return new Response()
    })
    expectTypeOf(handler).parameters.toEqualTypeOf<[FrameworkRequest, NextContext]>()
  })

  it('give identify, route and waitUntil the same arguments', () => {
    withUsage(async (_request: FrameworkRequest, _env: { KEY: string }) => new Response(), {
      identify(request, env) {
        expectTypeOf(request).toEqualTypeOf<FrameworkRequest>()
        expectTypeOf(env).toEqualTypeOf<{ KEY: string }>()
        return null
      },
      route(request, env) {
        expectTypeOf(request).toEqualTypeOf<FrameworkRequest>()
        expectTypeOf(env).toEqualTypeOf<{ KEY: string }>()
        return undefined
      },
      waitUntil(acknowledged, request, env) {
        expectTypeOf(acknowledged).toEqualTypeOf<Promise<void>>()
        expectTypeOf(request).toEqualTypeOf<FrameworkRequest>()
        expectTypeOf(env).toEqualTypeOf<{ KEY: string }>()
      },
    })
  })

  it('refuse what is no handler', () => {
    // @ts-expect-error a handler gives a response
    withUsage(async () => 'text')
    // @ts-expect-error the first argument is the request
    withUsage((_name: string) => new Response())
    // @ts-expect-error an identity has a user
    withUsage(() => new Response(), { identify: () => ({ source: 'web' }) })
    // @ts-expect-error there is no such option
    withUsage(() => new Response(), { recorders: null })
  })
})

describe('Other public types', () => {
  it('a stamp knows its fields', () => {
    expectTypeOf(stampUsage).toBeCallableWith({ model: 'qwen-7b', inputTokens: 9, outputTokens: null })
    // @ts-expect-error counts are numbers
    const wrong: Parameters<typeof stampUsage>[0] = { inputTokens: '9' }
    expectTypeOf(wrong).toBeObject()
  })

  it('a record and a reason are closed', () => {
    expectTypeOf<UsageRecord['outputTokens']>().toEqualTypeOf<number | null>()
    expectTypeOf<UsageRecord['outcome']>().toEqualTypeOf<'complete' | 'cancelled' | 'failed'>()
    expectTypeOf<Reason>().not.toEqualTypeOf<string>()
    expectTypeOf<Identity['user']>().toExtend<{ id: string }>()
  })

  it('the guard narrows', () => {
    const error: unknown = new Error('any')
    if (isUsageError(error)) expectTypeOf(error.code).toEqualTypeOf<UsageErrorCode>()
  })
})
