import { createReadStream } from 'node:fs'
import { readArguments, USAGE } from './arguments.ts'
import { describe } from './describe.ts'
import { examine, type Finding } from './examine.ts'
import { ReadError } from './read-error.ts'
import { savedResponses } from './saved-responses.ts'

export interface Streams {
  stdin: AsyncIterable<Uint8Array>
  out(text: string): void
  error(text: string): void
}

/** `withusage read`: gives the exit code. */
export async function readCommand(args: readonly string[], streams: Streams): Promise<0 | 1 | 2> {
  const wanted = readArguments(args)
  if ('help' in wanted) {
    streams.out(USAGE)
    return 0
  }
  if ('wrong' in wanted) {
    streams.error(`withusage read: ${wanted.wrong}\n\n${USAGE}`)
    return 2
  }
  const { file, given } = wanted
  try {
    let read = 0
    let several = false
    for await (const response of savedResponses(file === '-' ? streams.stdin : createReadStream(file), given)) {
      const finding = await examine(response)
      if (isRead(finding)) read++
      several ||= response.name !== null
      streams.out(`${describe(response, finding)}\n`)
    }
    if (read > 0) return 0
    streams.error(
      `withusage read: ${several ? 'none of the responses' : 'the response'} could not be read.\n${TRIED}\n`,
    )
  } catch (error) {
    streams.error(`withusage read: ${file} cannot be read: ${causeOf(error)}.\n${TRIED}\n`)
  }
  return 1
}

const TRIED =
  'Tried: curl -i output, HAR, and a body of JSON, SSE, JSON lines, a JSON array or an AWS event stream; plain, gzip, deflate, zstd or br.'

/** A format knew it. That it tells of no usage is an answer, too. */
function isRead({ reading, account }: Finding): boolean {
  return account !== 'unrecorded' || (reading.format !== null && reading.reason === 'no_usage')
}

function causeOf(error: unknown): string {
  if (error instanceof ReadError) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : 'an unexpected error'
}
