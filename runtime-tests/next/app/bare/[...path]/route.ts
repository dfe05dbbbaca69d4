import { scenario } from '../../../server.ts'

export { scenario as GET, scenario as HEAD, scenario as OPTIONS, scenario as POST }
