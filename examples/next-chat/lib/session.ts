import { cookies } from 'next/headers'

interface User {
  id: string
  name: string
}

/** In a real app, a table. */
const SESSIONS = new Map<string, User>([
  ['session-of-ada', { id: 'ada', name: 'Ada' }],
  ['session-of-grace', { id: 'grace', name: 'Grace' }],
])

/** Who is signed in, `null` when nobody is: as `auth()` of an authentication library tells it. */
export async function currentUser(): Promise<User | null> {
  const session = (await cookies()).get('session')?.value
  return SESSIONS.get(session ?? '') ?? null
}
