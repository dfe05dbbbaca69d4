import { expect } from 'vitest'
import type { Side } from '../client/side.ts'
import { type Expected, recorded, type Scenario } from './scenario.ts'

/** Tokens that a request names as its own. */
function own(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 100 + index)
}

const call = (tokens: number) => ({ handler: 'own', headers: { 'x-tokens': `${tokens}` } }) as const

/** Each record has the tokens of its own request. */
function each(count: number): Expected {
  const records = own(count).map((tokens, index) => ({
    inputTokens: tokens,
    outputTokens: 1,
    outcome: 'complete' as const,
    correlationId: expect.stringMatching(`\\.${index + 1}$`),
  }))
  return recorded(...records)
}

/** Several requests on one connection, and many at once. */
export const connections = {
  'keep-alive': {
    title: 'two requests, one after the other on one connection, are two',
    act: async (side) => {
      const connection = await side.connect()
      const answers = []
      for (const tokens of own(2)) {
        connection.send(side.word(call(tokens)).bytes)
        answers.push(await (await connection.response()).rest())
      }
      return answers
    },
    expected: each(2),
  },

  pipelined: {
    title: 'three requests sent at once on one connection are answered in order',
    act: async (side) => {
      const connection = await side.connect()
      connection.send(Buffer.concat(own(3).map((tokens) => side.word(call(tokens)).bytes)))
      const answers = []
      for (const _ of own(3)) answers.push(await (await connection.response()).rest())
      return answers
    },
    expected: each(3),
  },

  concurrent: {
    title: 'twenty requests at once keep their own stamps',
    act: answerInReverse,
    expected: each(20),
  },
} satisfies Record<string, Scenario>

/** All are at work before the first is answered, which is the last to come. */
async function answerInReverse(side: Side): Promise<unknown> {
  const sent = await Promise.all(
    own(20).map(async (tokens) => {
      const { run, bytes } = side.word({ handler: 'own-late', headers: { 'x-tokens': `${tokens}` } })
      const connection = await side.connect()
      connection.send(bytes)
      await side.control.until(run, ({ entered }) => entered)
      return { run, connection }
    }),
  )
  for (const { run } of sent.toReversed()) await side.control.release(run)
  return Promise.all(sent.map(async ({ connection }) => (await connection.response()).rest()))
}
