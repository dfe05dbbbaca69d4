import { describe, expect, test } from 'vitest'
import { ArgumentError, readArguments } from '../src/arguments.ts'
import { realUpstream } from '../src/upstream/real.ts'

describe('the command line', () => {
  test('has defaults that need nothing', () => {
    expect(readArguments([])).toEqual({ help: false, once: false, provider: 'mock', port: 0, db: null })
  })

  test('reads every option, also behind the -- that some package managers pass on', () => {
    expect(readArguments(['--', '--once', '--provider', 'ollama', '--port', '8787', '--db', './u.db'])).toEqual({
      help: false,
      once: true,
      provider: 'ollama',
      port: 8787,
      db: './u.db',
    })
  })

  test.each([
    [['--unknown']],
    [['positional']],
    [['--provider', 'azure']],
    [['--port', '65536']],
    [['--port', '-1']],
    [['--port', '1e3']],
    [['--db', '']],
  ])('refuses %j', (argv) => {
    expect(() => readArguments(argv)).toThrow(ArgumentError)
  })
})

describe('OLLAMA_HOST', () => {
  test.each([
    ['', 'http://127.0.0.1:11434/api/chat'],
    ['0.0.0.0', 'http://127.0.0.1:11434/api/chat'],
    [':8080', 'http://127.0.0.1:8080/api/chat'],
    ['box:8080', 'http://box:8080/api/chat'],
    ['https://ollama.example/', 'https://ollama.example/api/chat'],
  ])('%j is %s', (host, url) => {
    expect(realUpstream('ollama', { OLLAMA_HOST: host }).url('/api/chat')).toBe(url)
  })
})

test('a base URL that is none is refused', () => {
  expect(() => realUpstream('openai', { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'not a url' })).toThrow(ArgumentError)
})

test('an upstream has only the routes of its provider', () => {
  const openai = realUpstream('openai', { OPENAI_API_KEY: 'k' })
  expect(openai.url('/v1/embeddings')).toBe('https://api.openai.com/v1/embeddings')
  expect(openai.url('/v1/messages')).toBe(null)
  expect(openai.url('/api/chat')).toBe(null)
})
