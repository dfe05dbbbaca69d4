import { afterAll, describe, expect, it } from 'vitest'
import { docProject } from './support/doc-project.ts'

describe('The code in docs/adding-*.md', () => {
  const project = docProject(['adding-a-format.md', 'adding-an-adapter.md', 'adding-a-store.md'])
  afterAll(() => project.remove())

  it('compiles', () => {
    const { passed, output } = project.run('@typescript/native/bin/tsc', ['-p', 'tsconfig.json'])
    expect(passed, output).toBe(true)
  })

  it('is written as the linter wants it', () => {
    const { passed, output } = project.run('@biomejs/biome/bin/biome', [
      'check',
      '--error-on-warnings',
      ...project.files,
    ])
    expect(passed, output).toBe(true)
  })

  it('passes its own tests', () => {
    const { passed, output } = project.run('vitest/vitest.mjs', ['run', '--root', '.'])
    expect(passed, output).toBe(true)
  })
})
