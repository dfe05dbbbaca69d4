import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'

/** What Node loads at the first use of `Headers`, `Request`, `Response` or `fetch`: five times the cost of core. */
const FETCH = /internal\/deps\/undici\/undici$/

/** The modules of Node's own that importing a package loads, in a process that has loaded nothing else. */
async function loadedBy(specifier: string): Promise<string[]> {
  const list = `await import(${JSON.stringify(specifier)}); console.log(process.moduleLoadList.join('\\n'))`
  const options = { cwd: inject('consumer') }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', list], options)
  return stdout.split('\n')
}

it.each([
  '@withusage/core',
  '@withusage/core/store-kit',
  '@withusage/core/adapter-kit',
  '@withusage/sqlite',
  '@withusage/hono',
  '@withusage/express',
  '@withusage/express/node',
  '@withusage/deno',
  '@withusage/ai-sdk',
])("Importing %s leaves the runtime's fetch to the first request", async (specifier) => {
  const modules = await loadedBy(specifier)
  expect(modules).toContain('NativeModule async_hooks')
  expect(modules.filter((name) => FETCH.test(name))).toEqual([])
})

it('Importing @withusage/sqlite opens no database engine', async () => {
  expect((await loadedBy('@withusage/sqlite')).filter((name) => /sqlite/.test(name))).toEqual([])
})
