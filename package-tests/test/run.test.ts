import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'

it('An app on the installed packages runs', async () => {
  const app = path.join(inject('consumer'), 'app/main.ts')
  await expect(promisify(execFile)(process.execPath, [app])).resolves.toEqual({ stdout: '', stderr: '' })
})
