import { books } from '@/lib/books.ts'

/** What everybody has used since the server started, by model. */
export async function GET(): Promise<Response> {
  const { store, recorder } = books()
  await recorder.flush()
  const usage = await store.aggregate({
    from: new Date(0),
    to: new Date(),
    bucket: null,
    groupBy: ['userId', 'servedModel', 'endpoint', 'outcome'],
  })
  return Response.json(usage)
}
