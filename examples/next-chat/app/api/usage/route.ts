import { books } from '@/lib/books.ts'
import { currentUser } from '@/lib/session.ts'

/** What the one who asks has used since the server started, by model. */
export async function GET(): Promise<Response> {
  const user = await currentUser()
  if (!user) return Response.json({ error: 'sign in first' }, { status: 401 })
  const { store, recorder } = books()
  await recorder.flush()
  const usage = await store.aggregate({
    from: new Date(0),
    to: new Date(),
    bucket: null,
    groupBy: ['servedModel', 'endpoint', 'outcome'],
    filter: { userId: [user.id] },
  })
  return Response.json(usage)
}
