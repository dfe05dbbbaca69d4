import type { Connection } from '../client/connection.ts'
import type { Call, Side } from '../client/side.ts'
import { COUNTED_SO_FAR, exchange, ignored, recorded, type Scenario, STAMPED, unrecorded } from './scenario.ts'

/** Handlers that fail, and clients that leave. */
export const breaks = {
  'handler throws': exchange(
    'a handler that throws before the first byte is answered by the framework',
    { handler: 'throws' },
    ignored('handler_error', 'status_5xx'),
  ),

  'body breaks': {
    title: 'a body that breaks after the first byte breaks for the client, and what was counted is recorded',
    act: async (side) => {
      const { run, response } = await side.send({ handler: 'breaks' })
      await response.atLeast(1)
      await side.control.release(run)
      return response.rest()
    },
    expected: recorded({ ...COUNTED_SO_FAR, outcome: 'failed' }),
  },

  'client leaves before the response': {
    title: 'a client that leaves before the response cancels the body that comes too late',
    act: leaveBeforeResponse,
    expected: unrecorded('cancelled'),
    afterwards: (metered) => metered.control.until(metered.firstRun, ({ cancelled }) => cancelled),
  },

  'client leaves between chunks': {
    title: 'a client that leaves between chunks cancels the body',
    act: (side) => leaveAfterFirstEvent(side, 'long', (connection) => connection.leave()),
    expected: recorded({ ...COUNTED_SO_FAR, outcome: 'cancelled' }),
  },

  'client leaves while idle': {
    title: 'a client that leaves while the body is silent cancels it',
    act: (side) => leaveAfterFirstEvent(side, 'silent', (connection) => connection.leave()),
    expected: recorded({ ...COUNTED_SO_FAR, outcome: 'cancelled' }),
  },

  'client breaks off while idle': {
    title: 'a client that breaks off while the body is silent cancels it',
    act: (side) => leaveAfterFirstEvent(side, 'silent', (connection) => connection.reset()),
    expected: recorded({ ...COUNTED_SO_FAR, outcome: 'cancelled' }),
  },

  'client leaves after the end': exchange(
    'a client that leaves after the end has had it all',
    { handler: 'stamped-last' },
    recorded(STAMPED),
  ),
} satisfies Record<string, Scenario>

async function leaveBeforeResponse(side: Side): Promise<unknown> {
  const connection = await side.connect()
  const { run, bytes } = side.word({ handler: 'late' })
  connection.send(bytes)
  await side.control.until(run, ({ entered }) => entered)
  connection.leave()
  await side.control.release(run)
  return undefined
}

async function leaveAfterFirstEvent(
  side: Side,
  handler: Call['handler'],
  leave: (connection: Connection) => void,
): Promise<unknown> {
  const { run, response, connection } = await side.send({ handler })
  await response.atLeast(1)
  leave(connection)
  const { finished } = await side.control.until(run, ({ cancelled }) => cancelled)
  return { statusLine: response.statusLine, finished }
}
