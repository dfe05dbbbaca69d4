import type { Side } from '../client/side.ts'
import { exchange, READ, recorded, type Scenario, STAMPED, unrecorded } from './scenario.ts'

/** What bodies say, and what handlers say of them. */
export const bodies = {
  json: exchange('a JSON answer is read', { handler: 'json' }, recorded({ ...READ, streamed: false })),

  sse: {
    title: 'events are read, and reach the client before the next is made',
    act: readEventByEvent,
    expected: recorded({ ...READ, streamed: true, format: 'openai-chat' }),
  },

  ndjson: exchange(
    'JSON lines are read',
    { handler: 'ndjson' },
    recorded({ ...READ, streamed: true, format: 'ollama' }),
  ),

  binary: exchange('bytes of every value pass', { handler: 'binary' }, unrecorded('no_usage')),

  'stamped JSON': exchange(
    'a stamp counts that comes before a JSON answer',
    { handler: 'json-stamped' },
    recorded(STAMPED),
  ),

  'stamped over the body': exchange(
    'a stamp wins over what the body says',
    { handler: 'json-stamped-over' },
    recorded(STAMPED),
  ),

  'stamped before the response': exchange(
    'a stamp counts that comes before a stream',
    { handler: 'stamped-before' },
    recorded({ ...STAMPED, streamed: true }),
  ),

  'stamped in the stream': exchange(
    'a stamp counts that comes between two chunks',
    { handler: 'stamped-within' },
    recorded({ ...STAMPED, streamed: true }),
  ),

  'stamped after the last chunk': exchange(
    'a stamp counts that comes after the last chunk, in a body that no format reads',
    { handler: 'stamped-last' },
    recorded(STAMPED),
  ),
} satisfies Record<string, Scenario>

async function readEventByEvent(side: Side): Promise<unknown> {
  const { run, response, connection } = await side.send({ handler: 'sse' })
  await response.atLeast(1)
  await side.control.release(run)
  const answer = await response.rest()
  connection.leave()
  return answer
}
