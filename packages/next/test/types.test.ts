import { type NextRequest, NextResponse } from 'next/server.js'
import { describe, expectTypeOf, it } from 'vitest'
import { type RouteContext, withUsage } from '../src/index.ts'

/** As Next generates it for `app/users/[id]/route.ts`: `RouteContext<'/users/[id]'>`. */
interface UserContext {
  params: Promise<{ id: string }>
}

/** As `auth()` of Auth.js gives it to the handler inside. */
interface SignedInRequest extends NextRequest {
  auth: { email: string } | null
}

describe('The types of a wrapped route handler', () => {
  it('are inferred where it names none', () => {
    const POST = withUsage(async (request, ctx) => {
      expectTypeOf(request).toEqualTypeOf<NextRequest>()
      expectTypeOf(ctx).toEqualTypeOf<RouteContext>()
      const { id } = await ctx.params
      return NextResponse.json({ id, path: request.nextUrl.pathname })
    })
    expectTypeOf(POST).returns.toEqualTypeOf<Promise<Response>>()
    expectTypeOf(POST).parameters.toExtend<readonly [NextRequest, RouteContext]>()
    withUsage((request) => {
      expectTypeOf(request).toEqualTypeOf<NextRequest>()
      return new Response()
    })
  })

  it('are its own where it names them', () => {
    const POST = withUsage(async (_request: NextRequest, ctx: UserContext) => {
      expectTypeOf((await ctx.params).id).toEqualTypeOf<string>()
      return new Response()
    })
    expectTypeOf(POST).parameters.toEqualTypeOf<[_request: NextRequest, ctx: UserContext]>()
    expectTypeOf(withUsage((request: Request) => new Response(request.url))).parameters.toEqualTypeOf<
      [request: Request]
    >()
    expectTypeOf(withUsage(() => new Response())).parameters.toEqualTypeOf<[]>()
  })

  it('fit what Next expects of the route that it has', () => {
    const anyRoute = withUsage(async (_request, ctx) => Response.json(await ctx.params))
    expectTypeOf(anyRoute).toExtend<(request: NextRequest, ctx: UserContext) => Promise<Response>>()
    const thisRoute = withUsage((_request: NextRequest, _ctx: UserContext) => new Response())
    expectTypeOf(thisRoute).toExtend<(request: NextRequest, ctx: UserContext) => Promise<Response>>()
    expectTypeOf(thisRoute).not.toExtend<(request: NextRequest, ctx: { params: Promise<{ no: string }> }) => unknown>()
  })

  it('give identify what Next gives, also where the handler takes less', () => {
    withUsage((_request: NextRequest, _ctx: UserContext) => new Response(), {
      async identify(request, ctx) {
        expectTypeOf(request).toEqualTypeOf<NextRequest>()
        expectTypeOf(ctx).toEqualTypeOf<UserContext>()
        return { user: { id: (await ctx.params).id } }
      },
    })
    withUsage((_request: SignedInRequest) => new Response(), {
      identify: ({ auth }) => auth && { user: { id: auth.email } },
    })
    withUsage(() => new Response(), {
      identify(request, ctx) {
        expectTypeOf(request).toEqualTypeOf<NextRequest>()
        expectTypeOf(ctx).toEqualTypeOf<RouteContext>()
        return null
      },
    })
  })

  it('refuse what is no route handler', () => {
    // @ts-expect-error a handler gives a response
    withUsage(async () => 'text')
    // @ts-expect-error the first argument is the request
    withUsage((_name: string) => new Response())
    // @ts-expect-error `after` is the adapter's
    withUsage(() => new Response(), { waitUntil: () => {} })
    // @ts-expect-error an identity has a user
    withUsage(() => new Response(), { identify: () => ({ source: 'web' }) })
  })
})
