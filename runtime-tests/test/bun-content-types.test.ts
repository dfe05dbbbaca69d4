import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Program, startProgram } from './support/program.ts'

let program: Program

beforeAll(async () => {
  program = await startProgram('bun', 'bun-content-types.ts')
})

afterAll(() => program?.stop())

const post = (path: string): Promise<Response> => fetch(`${program.url}/${path}`, { method: 'POST' })

const lengthOf = ({ headers }: Response) => headers.get('content-length')

/** A form's boundary is made for each. */
function typeOf({ headers }: Response): string | undefined {
  return headers.get('content-type')?.replace(/boundary=.*/, 'boundary')
}

it('a body without a content type is sent with the one that Bun gives it, and with its length, metered or not', async () => {
  const names: string[] = await (await post('bare/')).json()
  const types: Record<string, string | undefined> = {}
  for (const name of names) {
    const bare = await post(`bare/${name}`)
    const metered = await post(`metered/${name}`)
    types[name] = typeOf(bare)
    expect([name, typeOf(metered)]).toEqual([name, types[name]])
    expect([name, lengthOf(metered)]).toEqual([name, lengthOf(bare)])
    if (name !== 'form') expect([name, await metered.text()]).toEqual([name, await bare.text()])
  }
  expect(types).toEqual({
    string: 'text/plain;charset=utf-8',
    'string-beyond-ascii': 'text/plain;charset=utf-8',
    'string-with-headers': 'text/plain;charset=utf-8',
    'string-of-an-error': 'text/plain;charset=utf-8',
    'empty-string': undefined,
    json: 'application/json;charset=utf-8',
    'long-json': 'application/json;charset=utf-8',
    bytes: 'application/octet-stream',
    'array-buffer': 'application/octet-stream',
    blob: 'text/plain;charset=utf-8',
    'blob-with-a-type': 'text/css;charset=utf-8',
    params: 'application/x-www-form-urlencoded;charset=UTF-8',
    form: 'multipart/form-data; boundary',
    stream: undefined,
    nothing: undefined,
  })
})
