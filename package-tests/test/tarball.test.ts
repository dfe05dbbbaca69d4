import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { filterProblems } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { describe, expect, inject, it } from 'vitest'
import { PACKAGE_NAMES, PACKAGES, packageFolder, readManifest } from './support/packages.ts'

describe.each(PACKAGE_NAMES)('The tarball of %s', (name) => {
  const tarball = readFileSync(inject('tarballs')[name])
  const installed = packageFolder(inject('consumer'), name)

  it('has nothing that publint would change', async () => {
    const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength)
    const { messages } = await publint({ pack: { tarball: bytes }, strict: true })
    expect(messages).toEqual([])
  })

  it.each(['node16-esm', 'bundler'] as const)('resolves to types that tell the truth: %s', async (resolutionKind) => {
    const analysis = await checkPackage(createPackageFromTarballData(tarball))
    if (!analysis.types) throw new Error('no types were found')
    expect(Object.keys(analysis.entrypoints)).toEqual(PACKAGES[name].map(exportOf))
    expect(filterProblems(analysis, { resolutionKind })).toEqual([])
  })

  it('holds the build, the README, the license and nothing else', () => {
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
    const built = readdirSync(path.join(installed, 'dist'))
    expect(built.filter((file) => !/\.(js|js\.map|d\.ts)$/.test(file))).toEqual([])
  })

  it('names versions that a registry knows, and only built files', () => {
    const { exports, dependencies, peerDependencies } = readManifest(installed)
    const versions = Object.values({ ...dependencies, ...peerDependencies })
    expect(versions.filter((version) => !version.split(' || ').every(isRange))).toEqual([])
    expect(exports).toEqual(
      Object.fromEntries(
        PACKAGES[name].map((entry) => [
          exportOf(entry),
          { types: `./dist/${entry}.d.ts`, import: `./dist/${entry}.js` },
        ]),
      ),
    )
  })
})

const isRange = (version: string): boolean => /^[\^~]?\d+\.\d+\.\d+$/.test(version)

const exportOf = (entry: string): string => (entry === 'index' ? '.' : `./${entry}`)
