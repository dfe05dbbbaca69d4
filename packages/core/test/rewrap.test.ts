import { afterEach, describe, expect, it, vi } from 'vitest'
import { rewrap } from '../src/rewrap.ts'
import { streamOf } from './support/bodies.ts'

afterEach(() => void vi.unstubAllGlobals())

/** As `fetch` gives it: with the URL that it came from. */
function fetched(coding: string, url = 'https://provider.test/v1/chat/completions'): Response {
  const headers = { 'content-encoding': coding, 'content-length': '20', 'x-kept': 'yes' }
  return Object.defineProperty(new Response('decoded', { headers }), 'url', { value: url })
}

/** The names of the headers that are left. */
function headersAfter(response: Response): string[] {
  return [...rewrap(response, streamOf(['decoded'])).headers.keys()].filter((name) => name !== 'content-type')
}

const KEPT = ['content-encoding', 'content-length', 'x-kept']

describe('The headers of a response that fetch has decoded', () => {
  it.each(['gzip', 'x-gzip', 'deflate', 'br', 'GZIP', 'gzip, br'])('of %s are dropped, and no others', (coding) => {
    expect(headersAfter(fetched(coding))).toEqual(['x-kept'])
  })

  it.each(['compress', 'gzip, compress', 'aws-chunked', ''])('of %j stay, since no fetch decodes it', (coding) => {
    expect(headersAfter(fetched(coding))).toEqual(KEPT)
  })

  it('stay on a response that a handler made itself', () => {
    expect(headersAfter(fetched('gzip', ''))).toEqual(KEPT)
  })

  it.each<[versions: Record<string, string>, decodes: boolean]>([
    [{ node: '22.13.0' }, false],
    [{ node: '24.0.0' }, true],
    [{ node: '26.1.0' }, true],
    [{ node: '24.0.0', bun: '1.4.0' }, true],
    [{ node: '20.0.0', bun: '1.4.0' }, true],
    [{ node: '24.0.0', deno: '2.9.0' }, false],
    [{}, false],
  ])('of zstd under %j are dropped: %s', (versions, decodes) => {
    const response = fetched('zstd')
    vi.stubGlobal('process', { versions })
    const left = headersAfter(response)
    vi.unstubAllGlobals()
    expect(left).toEqual(decodes ? ['x-kept'] : KEPT)
  })
})
