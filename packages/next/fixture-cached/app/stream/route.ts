import { withUsage } from '@withusage/next'
import { wholeStream } from '../../../fixture/completion.ts'

export const POST = withUsage(wholeStream, { endpoint: '/stream' })
