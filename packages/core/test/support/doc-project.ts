import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** A block of code on a page, under a line that is nothing but the path of its file in code marks, and a colon. */
interface DocBlock {
  path: string
  language: string
  code: string
}

/** A project made of the files on some pages, on a copy of core's source. */
interface DocProject {
  /** Paths of the files that the pages show or change. */
  files: string[]
  /** Runs a tool of the workspace there. */
  run(tool: string, args: readonly string[]): { passed: boolean; output: string }
  remove(): void
}

/**
 * Makes the project. A block with a path is that file; a `diff` block adds its lines to a file of core, each after the
 * line that stands before it.
 */
export function docProject(pages: readonly string[]): DocProject {
  const folder = mkdtempSync(join(tmpdir(), 'withusage-docs-'))
  const blocks = pages.flatMap((page) => blocksOf(readFileSync(join(ROOT, 'docs', page), 'utf8')))
  copyCore(folder)
  linkPackages(folder)
  for (const { path, language, code } of blocks) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, language === 'diff' ? withLines(readFileSync(target, 'utf8'), code) : code)
  }
  const files = blocks.map(({ path }) => path)
  writeConfig(folder, files)
  return {
    files,
    run(tool, args) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, NO_COLOR: '1' },
      })
      return { passed: status === 0, output: stdout + stderr }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function blocksOf(markdown: string): DocBlock[] {
  const found = markdown.matchAll(/^`([\w./-]+)`:\n\n```(\w+)\n([\s\S]*?)^```$/gm)
  return [...found].map(([, path = '', language = '', code = '']) => ({ path, language, code }))
}

function withLines(text: string, diff: string): string {
  const lines = text.split('\n')
  let at = -1
  for (const line of diff.trimEnd().split('\n')) {
    if (line.startsWith('+')) {
      at += 1
      lines.splice(at, 0, line.slice(1))
    } else if (line.startsWith(' ')) {
      at = lines.indexOf(line.slice(1))
      if (at < 0) throw new Error(`no such line any more: ${line}`)
    }
  }
  return lines.join('\n')
}

function copyCore(folder: string): void {
  const from = join(ROOT, 'packages/core')
  const to = join(folder, 'packages/core')
  cpSync(join(from, 'src'), join(to, 'src'), { recursive: true })
  cpSync(join(from, 'package.json'), join(to, 'package.json'))
  symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'))
}

/** What is installed here is installed there; core is the copy. */
function linkPackages(folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@withusage'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.') && name !== '@withusage')
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  symlinkSync(join(folder, 'packages/core'), join(modules, '@withusage/core'))
  symlinkSync(join(ROOT, 'packages/testing'), join(modules, '@withusage/testing'))
}

function writeConfig(folder: string, files: readonly string[]): void {
  const configOf = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'))
  const write = (name: string, config: object): void => writeFileSync(join(folder, name), JSON.stringify(config))
  const { compilerOptions } = configOf('tsconfig.json')
  write('tsconfig.json', { compilerOptions, files: files.filter((file) => file.endsWith('.ts')) })
  write('biome.json', { ...configOf('biome.json'), vcs: { enabled: false } })
  write('package.json', { type: 'module' })
}
