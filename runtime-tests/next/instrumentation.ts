import { configureUsage } from '@withusage/core'
import { options } from './server.ts'

export function register(): void {
  configureUsage(options)
}
