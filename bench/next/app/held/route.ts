import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export function GET(): Response {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return new Response(String(heapUsed + arrayBuffers))
}

export const dynamic = 'force-dynamic'
