import { withUsage } from '@withusage/next'
import { impatient, scenario } from '../../../server.ts'

export const POST = withUsage(scenario, impatient)
