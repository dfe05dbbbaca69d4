/** Once before all tests: a consumer of the packages, with the code that it compiles and runs. */
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { link, makeConsumer } from './consumer.ts'
import { type PackageName, WORKSPACE } from './packages.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the project that has the packages installed. */
    consumer: string
    /** The packed file of each package. */
    tarballs: Record<PackageName, string>
  }
}

export default function install(project: TestProject): () => void {
  const { folder, tarballs } = makeConsumer()
  // Not `@types/node`: whoever compiles on Node says where it is, and for the others there is none.
  for (const tool of ['@types/express', '@types/express4', '@types/react', 'ai6', 'expect-type'])
    link(path.join(WORKSPACE, 'package-tests/node_modules', tool), tool, folder)
  cpSync(path.join(WORKSPACE, 'package-tests/consumer'), folder, { recursive: true })
  project.provide('consumer', folder)
  project.provide('tarballs', tarballs)
  return () => rmSync(folder, { recursive: true, force: true })
}
