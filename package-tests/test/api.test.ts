import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Extractor, ExtractorConfig, type ExtractorLogLevel } from '@microsoft/api-extractor'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { PACKAGE_NAMES, PACKAGES, type PackageName, packageFolder, WORKSPACE } from './support/packages.ts'

const entries = PACKAGE_NAMES.flatMap((name) => PACKAGES[name].map((entry) => [name, entry] as const))

describe.each(entries)('The public surface of %s (%s)', (name, entry) => {
  let report: string
  beforeAll(() => {
    report = apiReport(name, entry)
  })

  it('is the one in its report; after a change on purpose, write it with `pnpm run api`', async () => {
    await expect(report).toMatchFileSnapshot(path.join(WORKSPACE, 'packages', name, 'api', `${entry}.api.md`))
  })

  it('is documented, every name of it', () => {
    expect(undocumented(report)).toEqual([])
  })
})

/** Each marked line with the one after it, which names what is not documented. */
function undocumented(report: string): string[] {
  const lines = report.split('\n')
  return lines.flatMap((line, index) => (line.includes('(undocumented)') ? [`${line.trim()} ${lines[index + 1]}`] : []))
}

/** The surface of one entry, as API Extractor reads it from the declarations that consumers get. */
function apiReport(name: PackageName, entry: string): string {
  const projectFolder = packageFolder(inject('consumer'), name)
  const declarations = path.join(projectFolder, 'dist', `${entry}.d.ts`)
  const reportFolder = path.join(inject('consumer'), 'api', name)
  mkdirSync(reportFolder, { recursive: true })
  Extractor.invoke(
    ExtractorConfig.prepare({
      configObjectFullPath: undefined,
      packageJsonFullPath: path.join(projectFolder, 'package.json'),
      configObject: {
        projectFolder,
        mainEntryPointFilePath: declarations,
        newlineKind: 'lf',
        compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, files: [declarations] } },
        apiReport: {
          enabled: true,
          reportFileName: entry,
          reportFolder,
          reportTempFolder: path.join(reportFolder, 'temp'),
          // Of the store kit they are the names of the package's main entry, which has a report of its own.
          includeForgottenExports: entry === 'index',
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' as ExtractorLogLevel } },
          // The report's own text marks what is missing; warnings would repeat it with line numbers of the build.
          extractorMessageReporting: { default: { logLevel: 'none' as ExtractorLogLevel } },
          tsdocMessageReporting: { default: { logLevel: 'none' as ExtractorLogLevel } },
        },
      },
    }),
    { localBuild: true, messageCallback: (message) => (message.handled = message.category === 'console') },
  )
  return withSortedEnums(readFileSync(path.join(reportFolder, `${entry}.api.md`), 'utf8'))
}

/** The compiler writes the values of an inferred enum in the order in which it met them, anywhere in the program. */
function withSortedEnums(report: string): string {
  return report.replace(/(?<=ZodEnum<\{\n)(?: +\w+: "\w+";\n)+/g, (values) =>
    values
      .split(/(?<=\n)/)
      .sort()
      .join(''),
  )
}

const COMPILER_OPTIONS = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  types: [],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  // `types.test.ts` checks the declarations of all packages.
  skipLibCheck: true,
}
