/** The types that a handler and its options get. */
import { createRecorder, memoryStore, type UsageOptions, withUsage } from '@withusage/core'
import { expectTypeOf } from 'expect-type'

interface RouteContext {
  params: Promise<{ id: string }>
}

export const GET = withUsage(async (_request: Request, context: RouteContext) => {
  const { id } = await context.params
  return new Response(id)
})
expectTypeOf(GET).toEqualTypeOf<(request: Request, context: RouteContext) => Promise<Response>>()

/** `identify` is asked with the handler's own arguments. */
export const worker = withUsage(async (_request: Request, env: { KEY: string }) => new Response(env.KEY), {
  recorder: createRecorder({ store: memoryStore() }),
  identify: (request, env) => {
    expectTypeOf(request).toEqualTypeOf<Request>()
    expectTypeOf(env).toEqualTypeOf<{ KEY: string }>()
    return { user: { id: 'ada' }, apiKey: { id: env.KEY } }
  },
})
expectTypeOf(worker).parameters.toEqualTypeOf<[request: Request, env: { KEY: string }]>()

expectTypeOf(withUsage((request) => new Response(request.url))).toEqualTypeOf<(request: Request) => Promise<Response>>()

/** On Bun, `undefined` after an upgrade: only a handler that may answer so is one that does. */
expectTypeOf(withUsage((request) => (request.url === '' ? undefined : new Response()))).toEqualTypeOf<
  (request: Request) => Promise<Response | undefined>
>()
expectTypeOf(withUsage(async (): Promise<Response | undefined> => undefined)).returns.resolves.toEqualTypeOf<
  Response | undefined
>()
class OwnResponse extends Response {
  readonly own = true
}
/** What is read through is a plain response. */
expectTypeOf(withUsage(() => new OwnResponse())).returns.resolves.toEqualTypeOf<Response>()

// @ts-expect-error a handler gives a response
withUsage(async () => 'text')
// @ts-expect-error a handler gives a response
withUsage(() => {})
// @ts-expect-error `null` is none
withUsage(() => null)
// @ts-expect-error the request comes first
withUsage((name: string) => new Response(name))
// @ts-expect-error an identity names a user
withUsage(() => new Response(), { identify: () => ({ source: 'web' }) })
// @ts-expect-error there is no such option
withUsage(() => new Response(), { recoder: null })
// @ts-expect-error an option that is not wanted is left out
withUsage(() => new Response(), { onError: undefined })

/** Options kept apart from the handler ask with the request. */
export const options: UsageOptions = { recorder: null, identify: async (request) => ({ user: { id: request.url } }) }
