import { connection } from 'next/server'
import { report } from '../../../fixture/books.ts'

export async function GET(): Promise<Response> {
  await connection()
  return report()
}
