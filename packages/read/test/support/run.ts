import { readCommand } from '../../src/index.ts'

/** What stands in prompts and answers of the tests, and must never be printed. */
export const SECRET = 'Geheimnis'

export interface Run {
  code: number
  out: string
  error: string
}

/** Reads some bytes from standard input, in chunks of an odd size. */
export async function read(saved: Uint8Array | string, ...options: string[]): Promise<Run> {
  const run: Run = { code: -1, out: '', error: '' }
  run.code = await readCommand([...options, '-'], {
    stdin: chunks(Buffer.from(saved)),
    out: (text) => {
      run.out += text
    },
    error: (text) => {
      run.error += text
    },
  })
  return run
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 37) yield bytes.subarray(at, at + 37)
}

/** What is said of one count, or of another fact: `'usage.prompt_tokens 9'` of `inputTokens`. */
export function said(out: string, name: string): string | undefined {
  const line = out.split('\n').find((one) => one.trimStart().startsWith(`${name} `))
  return line?.trim().slice(name.length).trim().replace(/\s+/g, ' ')
}

export function sse(...events: (object | string)[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
}

export function named(...events: { type: string }[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}
