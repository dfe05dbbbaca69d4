import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type House, houseOf } from './support/house.ts'

let house: House

beforeAll(() => {
  house = houseOf()
})

afterAll(() => house?.remove())

const manifest = (name: string) => JSON.parse(readFileSync(path.join(import.meta.dirname, '..', name), 'utf8'))

describe('The package', () => {
  it('is accepted by a dry run of deno publish, without slow types', () => {
    const { status, output } = house.deno('publish', '--dry-run', '--allow-dirty')
    expect(output).toContain('Checking for slow types')
    expect(output).toContain('Success Dry run complete')
    expect(output.match(/src\/\S+\.ts(?= \()/g)?.toSorted()).toEqual(['src/index.ts', 'src/with-usage.ts'])
    expect(status).toBe(0)
  })

  it('has types that Deno’s own fit, and that infer the arguments of handlers and identify', () => {
    // As a user's import map would.
    const imports = { '@withusage/deno': './src/index.ts' }
    writeFileSync(path.join(house.folder, 'imports.json'), JSON.stringify({ imports }))
    const { status, output } = house.deno('check', '--import-map=imports.json', 'consumer/types.ts')
    expect(output).toMatch(/^Check consumer\/types\.ts\s*$/)
    expect(status).toBe(0)
  })

  it('has one version, for JSR and npm, and asks npm for the core that it is made for', () => {
    const { version } = manifest('package.json')
    const core = manifest('../core/package.json')
    expect(manifest('jsr.json')).toMatchObject({
      name: '@withusage/deno',
      version,
      imports: { '@withusage/core': `npm:@withusage/core@^${core.version}` },
    })
  })
})
