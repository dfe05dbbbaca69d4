import { configureUsage } from '@withusage/core'
import { options } from './server.ts'

export async function register(): Promise<void> {
  configureUsage(options)
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./ending.ts')
}
