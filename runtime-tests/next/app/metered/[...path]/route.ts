import { withUsage } from '@withusage/next'
import { scenario } from '../../../server.ts'

const metered = withUsage(scenario)

export { metered as GET, metered as HEAD, metered as OPTIONS, metered as POST }
