import { configureUsage } from '@withusage/core'
import { books } from './lib/books.ts'
import { currentUser } from './lib/session.ts'

/** Next calls it once, when the server starts. What is configured here holds for every wrapped route. */
export function register(): void {
  configureUsage({
    recorder: books().recorder,
    async identify() {
      const user = await currentUser()
      return user && { user }
    },
  })
}
