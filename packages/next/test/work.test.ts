import { expect, test, vi } from 'vitest'

const MODULE = 'next/dist/server/app-render/work-unit-async-storage.external.js'

/** `currentWork` in a process of its own modules, where Next's module is what is given here. */
async function currentWorkWith(nexts: () => object): Promise<string> {
  vi.resetModules()
  vi.doMock(MODULE, nexts)
  const { currentWork } = await import('../src/work.ts')
  return currentWork()
}

const storing = (type: string) => () => ({ workUnitAsyncStorage: { getStore: () => ({ type }) } })

test('What Next runs a handler for is told by its own module', async () => {
  expect(await currentWorkWith(storing('request'))).toBe('request')
  expect(await currentWorkWith(storing('prerender-legacy'))).toBe('kept')
  expect(await currentWorkWith(storing('prerender'))).toBe('attempt')
})

test('Where Next has moved that module, or what is in it, every call is a request', async () => {
  const moved = () => {
    throw new Error('Cannot find module')
  }
  expect(await currentWorkWith(moved)).toBe('request')
  expect(await currentWorkWith(() => ({ workUnitAsyncStorage: undefined }))).toBe('request')
  expect(await currentWorkWith(storing('a type that is new'))).toBe('request')
})
