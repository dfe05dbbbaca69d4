import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echo } from './support/echo.ts'
import { type Program, startProgram } from './support/program.ts'

let program: Program

beforeAll(async () => {
  program = await startProgram('deno', 'deno-serve.ts')
})

afterAll(() => program?.stop())

const books = async () => (await fetch(`${program.url}/books`)).json()

describe('Deno.serve(withUsage(handler))', () => {
  it('gives the handler its request and info', async () => {
    expect(await (await fetch(`${program.url}/address`)).text()).toBe('127.0.0.1')
  })

  it('tells identify where the client connects from', async () => {
    await (await fetch(`${program.url}/v1/chat/completions`, { method: 'POST' })).text()
    await expect.poll(books).toMatchObject({ recorded: 1, users: ['127.0.0.1'] })
  })

  it('lets a WebSocket through', async () => {
    expect(await echo(`${program.url}/socket`, 'hello')).toBe('hello')
    await expect.poll(books).toMatchObject({ recorded: 1, unrecorded: {} })
  })

  it('makes Deno print no warning, which it does once the signal of a request was looked at', async () => {
    const fresh = await startProgram('deno', 'deno-serve.ts')
    await (await fetch(`${fresh.url}/v1/chat/completions`, { method: 'POST' })).text()
    await fresh.stop()
    expect(fresh.complaints()).toBe('')
  })
})
