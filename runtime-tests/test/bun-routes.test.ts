import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echo } from './support/echo.ts'
import { type Program, startProgram } from './support/program.ts'

let program: Program

beforeAll(async () => {
  program = await startProgram('bun', 'bun-routes.ts')
})

afterAll(() => program?.stop())

const books = async () => (await fetch(`${program.url}/books`)).json()
const post = (path: string) => fetch(`${program.url}${path}`, { method: 'POST' })

describe('Routes of Bun.serve', () => {
  it('are metered by method and pattern, with their parameters and the server', async () => {
    expect((await post('/v1/chat/completions')).headers.get('content-type')).toBe('application/json;charset=utf-8')
    expect(await (await post('/rooms/kitchen')).json()).toMatchObject({ room: 'kitchen' })
    await expect.poll(books).toMatchObject({
      recorded: 2,
      records: [
        ['/v1/chat/completions', null, 'local'],
        ['/rooms/:room', 'kitchen', '127.0.0.1'],
      ],
    })
  })

  it('keep their static responses', async () => {
    expect(await (await fetch(`${program.url}/health`)).text()).toBe('ok')
    expect(await (await fetch(`${program.url}/v1/chat/completions`)).text()).toBe('ask with POST')
    expect(await books()).toMatchObject({ requests: 2 })
  })

  it('let a WebSocket through, whose handler answers nothing', async () => {
    expect(await echo(`${program.url}/socket`, 'hello')).toBe('hello')
    await expect.poll(books).toMatchObject({ requests: 3, recorded: 2, ignored: { not_inference: 1 } })
  })

  it('send what the handler sends when there is no WebSocket', async () => {
    const response = await post('/socket')
    expect([response.status, await response.text()]).toEqual([426, 'no WebSocket'])
    expect(response.headers.get('content-type')).toBe('text/plain;charset=utf-8')
  })

  it('make Bun print nothing', async () => {
    const fresh = await startProgram('bun', 'bun-routes.ts')
    await (await fetch(`${fresh.url}/v1/chat/completions`, { method: 'POST' })).text()
    await echo(`${fresh.url}/socket`, 'hello')
    await fresh.stop()
    expect(fresh.complaints()).toBe('')
  })
})
