import { withUsage } from '@withusage/next'
import { connection } from 'next/server'
import { completion } from '../../../fixture/completion.ts'

/** Next tries this at build, and learns from `connection()` that it must not. */
export const GET = withUsage(
  async () => {
    await connection()
    return Response.json(completion)
  },
  { endpoint: '/now' },
)
