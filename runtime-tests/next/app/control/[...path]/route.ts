export { control as GET } from '../../../server.ts'
