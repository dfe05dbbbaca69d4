import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** Lines of code, without the depth that they have where they stand. */
const linesOf = (code: string): string[] => code.split('\n').flatMap((line) => line.trim() || [])

/** What each example runs, by its path: `examples/<name>/…`. */
const SOURCES = globSync('examples/*/{*.ts,{src,app,lib}/**/*.ts}', { cwd: ROOT }).map((file) => ({
  file,
  lines: linesOf(read(file)),
}))

/** What is left of an excerpt after a file was read for its lines, one after the other: nothing, if it is from there. */
function unread(excerpt: readonly string[], { lines }: { lines: readonly string[] }): readonly string[] {
  let found = 0
  for (const line of lines) if (line === excerpt[found]) found += 1
  return excerpt.slice(found)
}

/** The file of `SOURCES` that an excerpt is from, lines left out; else the first line that is in none after the others. */
function sourceOf(excerpt: readonly string[]): string {
  const read = SOURCES.map((source) => ({ file: source.file, left: unread(excerpt, source) }))
  const [nearest] = read.sort((a, b) => a.left.length - b.left.length)
  return nearest?.left.length === 0 ? nearest.file : `no example has, after the lines before it: ${nearest?.left[0]}`
}

const snippetsOf = (readme: string): string[] =>
  [...read(readme).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)

const packages = globSync('packages/*/README.md', { cwd: ROOT }).filter((file) => snippetsOf(file).length > 0)

describe.each([...packages, ...globSync('examples/*/README.md', { cwd: ROOT })])('The code in %s', (readme) => {
  it('is that of a running example, lines left out', () => {
    for (const snippet of snippetsOf(readme)) expect(sourceOf(linesOf(snippet))).toMatch(/^examples\//)
  })
})

describe('The code in README.md', () => {
  it('opens a store as a running example does', () => {
    expect(sourceOf(linesOf(snippetsOf('README.md')[0] ?? 'none'))).toMatch(/^examples\//)
  })

  const mounts = [...read('README.md').matchAll(/^\| (\S+) \| `(.+)` \| \[`(examples\/[\w-]+)`\]/gm)]

  it('has a line for each framework', () => {
    expect(mounts.map(([, framework]) => framework)).toEqual(['Hono', 'Express', 'Next.js', 'Deno', 'Bun'])
  })

  it.each(mounts.map(([, framework, line, example]) => ({ framework, line, example })))(
    'mounts on $framework as $example does',
    ({ line, example }) => {
      const lines = SOURCES.filter(({ file }) => file.startsWith(`${example}/`)).flatMap(({ lines }) => lines)
      expect(lines).toContain(line)
    },
  )
})
