import { withUsage } from '@withusage/next'
import { draining, scenario } from '../../../server.ts'

export const POST = withUsage(scenario, draining)
