import { withUsage } from '@withusage/next'

export const GET = withUsage(() => Response.json({ models: ['qwen-7b'] }), { endpoint: '/kept' })
