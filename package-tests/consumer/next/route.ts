/** A Next.js route handler: its arguments are Next's where it names none, and its own where it does. */
import { configureUsage } from '@withusage/core'
import { type RouteContext, withUsage } from '@withusage/next'
import { expectTypeOf } from 'expect-type'
import { type NextRequest, NextResponse } from 'next/server'

/** As Next generates it for `app/chats/[id]/route.ts`: `RouteContext<'/chats/[id]'>`. */
interface ChatContext {
  params: Promise<{ id: string }>
}

/** What Next calls; its generated types ask each handler of a route to fit. */
type ChatRoute = (request: NextRequest, ctx: ChatContext) => Promise<Response>

export const GET = withUsage(async (request, ctx) => {
  expectTypeOf(request).toEqualTypeOf<NextRequest>()
  expectTypeOf(ctx).toEqualTypeOf<RouteContext>()
  return NextResponse.json({ asked: request.nextUrl.searchParams.get('asked'), ...(await ctx.params) })
})
expectTypeOf(GET).toExtend<ChatRoute>()

export const POST = withUsage(
  async (request: NextRequest, ctx: ChatContext) => {
    const { id } = await ctx.params
    expectTypeOf(id).toEqualTypeOf<string>()
    return NextResponse.json({ id, session: request.cookies.get('session')?.value })
  },
  {
    endpoint: '/chats/[id]',
    async identify(request, ctx) {
      expectTypeOf(request).toEqualTypeOf<NextRequest>()
      expectTypeOf(ctx).toEqualTypeOf<ChatContext>()
      return { user: { id: request.cookies.get('user')?.value ?? 'guest' }, project: { id: (await ctx.params).id } }
    },
  },
)
expectTypeOf(POST).toExtend<ChatRoute>()
expectTypeOf(POST).not.toExtend<(request: NextRequest, ctx: { params: Promise<{ no: string }> }) => unknown>()

export const HEAD = withUsage(() => new Response())
expectTypeOf(HEAD).toExtend<ChatRoute>()

/** `instrumentation.ts` */
export function register(): void {
  configureUsage({ recorder: null, identify: async () => ({ user: { id: 'ada' } }) })
}

// @ts-expect-error a handler gives a response
withUsage(async () => 'text')
// @ts-expect-error the request comes first
withUsage((_name: string) => new Response())
// @ts-expect-error `after` is the adapter's
withUsage(() => new Response(), { waitUntil: () => {} })
// @ts-expect-error the pattern is told by `endpoint`
withUsage(() => new Response(), { route: () => '/chats/[id]' })
