import { expect, it } from 'vitest'
import { bytesOf, readBody } from './body.ts'

const chunk = (content: string, rest: object = {}, index = 0): string => {
  const choices = [{ index, delta: { content }, finish_reason: null }]
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices, ...rest })}\n\n`
}

const USAGE = { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }

function read(events: readonly string[]) {
  return readBody(events.map(bytesOf), { contentType: 'text/event-stream' }).lines[0]
}

it('an event that told nothing tells something once another was between', () => {
  const tier = (name: string) => chunk('word', { service_tier: name })
  const before = Array.from({ length: 4 }, () => tier('default'))
  const line = read([...before, tier('priority'), ...before, chunk('', USAGE)])
  expect(line?.serviceTier).toBe('default')
})

it('events that differ in the choice they are of are not alike', () => {
  const first = Array.from({ length: 4 }, (_, at) => chunk(`word ${at}`))
  const last = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], ...USAGE }
  expect(read([...first, chunk('', last)])?.final).toBe(true)
  expect(read([...first, chunk('other', {}, 1), chunk('', last)])?.final).toBe(false)
})

it('what lines have taught says nothing of messages, which go on after a line', () => {
  const begun = (content: string): string => chunk(content).replace('}\n\n', ',\n')
  const split = `${chunk('word')}${begun('word')}data: "usage":${JSON.stringify(USAGE.usage)}}\n\n`
  const lines = [chunk('word').slice('data: '.length, -1), ...Array.from({ length: 4 }, (_, at) => begun(`word ${at}`))]
  readBody(lines.map(bytesOf), { contentType: 'application/x-ndjson' })
  expect(read([split])?.outputTokens).toBe(4)
})

it.each(['\\n', 'x', '\\"', 'é'])(
  'a value of millions of %s in a stream whose events are known is read over',
  (piece) => {
    const known = Array.from({ length: 5 }, (_, at) => chunk(`word ${at}`))
    const long = chunk('').replace('"content":""', `"content":"${piece.repeat(7_600_000 / piece.length)}"`)
    const split = Array.from({ length: 30 }, () =>
      chunk('').replace('"content":""', `"content":"${piece.repeat(60_000 / piece.length)}"`),
    )
    expect(read([...known, long, ...split, chunk('', USAGE)])?.outputTokens).toBe(4)
    expect(read([...known, long.repeat(2), split.join(''), chunk('', USAGE)])?.outputTokens).toBe(4)
  },
)
