export { register } from '../fixture/instrumentation.ts'
