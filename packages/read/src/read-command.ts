import { createReadStream } from 'node:fs'
import path from 'node:path'
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
    streams.error(`withusage read: ${whatFailed(file, error)}\n`)
  }
  return 1
}

const TRIED =
  'Tried: curl -i and curl -v output, HAR, and a body of JSON, SSE, JSON lines, a JSON array or an AWS event stream; plain, gzip, deflate, zstd or br.'

/** A format knew it, or it is an error. That it tells of no usage is an answer, too; a request is none. */
function isRead({ reading, account, apparent }: Finding): boolean {
  if (account !== 'unrecorded' || apparent?.kind === 'error') return true
  return reading.format !== null && reading.reason === 'no_usage' && apparent === null
}

/** What has happened to a file, by the code of the system's error; each follows its path. */
const FILE_ERRORS: Record<string, string> = {
  ENOENT: 'is not there: no file has this path',
  ENOTDIR: 'is not there: something on its path is a file, not a folder',
  EISDIR: 'is a folder: name the file in it',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
}

/** The path is said whole: a script of the package runs in another folder than that in which it was called. */
function whatFailed(file: string, error: unknown): string {
  if (error instanceof ReadError) return `${file} cannot be read: ${error.message}.\n${TRIED}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unexpected error'
  const whole = file === '-' ? 'standard input' : path.resolve(file)
  return `${whole} ${FILE_ERRORS[code] ?? `cannot be read: ${code}`}.`
}
