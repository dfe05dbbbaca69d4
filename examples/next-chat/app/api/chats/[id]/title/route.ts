import { stampUsage } from '@withusage/core'
import { withUsage } from '@withusage/next'
import { type NextRequest, NextResponse } from 'next/server'
import { titleOf } from '@/lib/title-model.ts'

/** A title for a chat, by a model of our own: its answer says nothing of tokens, so they are stamped. */
export const POST = withUsage(
  async (request: NextRequest, ctx: RouteContext<'/api/chats/[id]/title'>) => {
    const { id } = await ctx.params
    const { title, inputTokens, outputTokens } = titleOf(await request.text())
    stampUsage({ model: 'titles-1', inputTokens, outputTokens })
    return NextResponse.json({ id, title })
  },
  { endpoint: '/api/chats/[id]/title' },
)
