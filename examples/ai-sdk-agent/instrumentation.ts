import { configureUsage } from '@withusage/core'
import { books } from './lib/books.ts'

/** Next calls it once, when the server starts. What is configured here holds for every wrapped route. */
export function register(): void {
  configureUsage({
    recorder: books().recorder,
    // In earnest: who is signed in.
    identify: (request) => ({ user: { id: request.headers.get('x-user') ?? 'anonymous' } }),
  })
}
