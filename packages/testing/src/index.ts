export { expectAccounted, expectStoredAccount } from './accounting.ts'
