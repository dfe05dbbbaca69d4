import type { UsageOptions } from '../../src/configuration.ts'
import type { UsageHandle } from '../../src/context.ts'
import { addUsage, currentUsage, stampUsage } from '../../src/context.ts'
import { NO_COUNTS, usageLine } from '../../src/formats/accounting.ts'
import type { Format } from '../../src/formats/format.ts'
import type { Identity } from '../../src/types.ts'
import { chatCompletion, json } from '../support/bodies.ts'
import { thenable, throwing } from './hostile-objects.ts'
import { MARKERS } from './markers.ts'
import type { HostileInput } from './scene.ts'

type Tells = HostileInput['tells']

const failure = new Error(MARKERS.failure)
const broken = (): never => {
  throw failure
}

function identified(name: string, identify: () => unknown, tells: Tells = [[9, 5]]): HostileInput {
  const options = { identify: identify as () => Identity, fallbackUser: { id: 'house' } }
  return {
    name: `identify that ${name}`,
    scene: () => ({ handler: () => json(chatCompletion()), options }),
    ...(tells !== undefined && { tells }),
  }
}

const everywhere = throwing(failure)
const manyTags = (): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`tag${at}`, 'x'.repeat(at % 400)]))
const endlessUser: Record<string, unknown> = { id: 'ada' }
endlessUser.self = endlessUser

const identities: HostileInput[] = [
  identified('throws', broken),
  identified('rejects', () => Promise.reject(failure)),
  identified('throws what is no error', () => {
    throw MARKERS.failure
  }),
  identified('rejects with undefined', () => Promise.reject()),
  ...[undefined, null, 0, '', 'ada', 5n, Symbol.iterator, [], broken, new Date(0), new Map()].map((value) =>
    identified(`gives ${typeof value} ${Object.prototype.toString.call(value)}`, () => value),
  ),
  identified('gives a user that is a text', () => ({ user: 'ada' })),
  identified('gives an id that is a number', () => ({ user: { id: 7 } })),
  identified('gives fields of the wrong type', () => ({
    user: { id: 'ada', name: 5 },
    source: {},
    apiKey: 'k',
    project: [],
    tags: 'abc',
  })),
  identified('gives tags of the wrong type', () => ({
    user: { id: 'ada' },
    tags: { a: 1, b: null, c: { d: 'e' }, f: Symbol.iterator, g: ['x'] },
  })),
  identified('gives 10,000 tags', () => ({ user: { id: 'ada' }, tags: manyTags() })),
  identified('gives tags named like prototypes', () => ({
    user: { id: 'ada' },
    tags: JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as object,
  })),
  identified('gives a getter that throws', () => ({
    get user() {
      return broken()
    },
  })),
  identified('gives a user whose id throws', () => ({
    user: {
      get id() {
        return broken()
      },
    },
  })),
  identified('gives a getter that throws, later', async () => ({
    get user() {
      return broken()
    },
  })),
  identified('gives tags that throw, later', async () => ({ user: { id: 'ada' }, tags: everywhere })),
  identified('gives an object that throws at every look', () => everywhere),
  identified('gives an object that throws at every look, inside', () => ({ user: everywhere, apiKey: everywhere })),
  identified('gives an object without end', () => ({ user: endlessUser, tags: { a: 'b' } })),
  identified('gives an object without a prototype', () =>
    Object.assign(Object.create(null) as object, { user: Object.assign(Object.create(null) as object, { id: 'ada' }) }),
  ),
  identified('gives what only claims to be a promise', () => thenable(5, { user: { id: 'ada' } })),
  identified('gives a promise that throws', () => thenable(broken, {})),
  identified('gives a promise that answers twice', () =>
    thenable((resolve: (identity: unknown) => void, reject: (error: unknown) => void) => {
      resolve({ user: { id: 'ada' } })
      resolve(null)
      reject(failure)
    }, {}),
  ),
  identified('gives a new value at each look', () => {
    let looked = 0
    return {
      get user() {
        return looked++ === 0 ? { id: 'ada' } : broken()
      },
    }
  }),
  identified('reads the whole request', () => ({
    user: { id: 'ada' },
    prompt: MARKERS.prompt,
    headers: { cookie: MARKERS.cookie },
  })),
]

function stamped(name: string, stamp: (usage: UsageHandle | undefined) => void, tells: Tells = [[9, 5]]): HostileInput {
  const handler = () => {
    try {
      stamp(currentUsage())
    } catch {
      // A handler that looks after its own stamps.
    }
    return json(chatCompletion())
  }
  return { name: `a stamp ${name}`, scene: () => ({ handler }), ...(tells !== undefined && { tells }) }
}

class ClassOfUsage {
  get inputTokens(): number {
    return 3
  }
  get outputTokens(): number {
    return 4
  }
}

/** A count that is right when it is checked and wrong when it is kept. */
function turning(first: unknown, then: unknown): object {
  let looked = 0
  return {
    outputTokens: 4,
    get inputTokens() {
      return looked++ === 0 ? first : then
    },
  }
}

const BAD_COUNTS = [
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  '5',
  5n,
  {},
  [],
  true,
  Symbol.iterator,
  () => 5,
]

const stamps: HostileInput[] = [
  ...[undefined, null, 5, 'x', 5n, Symbol.iterator, broken, [], new Map(), new Date(0)].map((value) =>
    stamped(`that is ${typeof value} ${Object.prototype.toString.call(value)}`, () => stampUsage(value as never)),
  ),
  ...BAD_COUNTS.map((count) =>
    stamped(`with a count of ${typeof count} ${Object.prototype.toString.call(count)}`, () =>
      stampUsage({ inputTokens: 1, outputTokens: count as number }),
    ),
  ),
  stamped(
    'with unknown fields',
    () => stampUsage({ inputTokens: 3, outputTokens: 4, prompt: MARKERS.prompt, raw: MARKERS.completion } as never),
    [[3, 4]],
  ),
  stamped('with a unit that no one documented', () =>
    stampUsage({ inputTokens: 3, outputTokens: 4, units: { [MARKERS.prompt]: 1 } as never }),
  ),
  stamped('with a text that is none', () =>
    stampUsage({ inputTokens: 3, outputTokens: 4, model: { toString: () => MARKERS.prompt } as never }),
  ),
  stamped('with inherited getters', () => stampUsage(new ClassOfUsage()), [[3, 4]]),
  stamped('with a getter that throws', () =>
    stampUsage({
      inputTokens: 3,
      get outputTokens(): number {
        return broken()
      },
    }),
  ),
  stamped('that throws at every look', () => stampUsage(everywhere)),
  stamped('whose count turns wrong', () => stampUsage(turning(3, -7) as never), [[3, 4]]),
  stamped('whose count turns into text', () => stampUsage(turning(3, MARKERS.prompt) as never), [[3, 4]]),
  stamped('whose units turn wrong', () =>
    stampUsage({ inputTokens: 3, outputTokens: 4, units: turning(1, Number.NaN) as never }),
  ),
  stamped('whose tags throw', () => stampUsage({ inputTokens: 3, tags: everywhere as never })),
  stamped('whose tags turn into something else', () => {
    let looked = 0
    const tags = {
      get a() {
        return looked++ === 0 ? 'x' : (5 as never)
      },
    }
    stampUsage({ inputTokens: 3, outputTokens: 4, tags })
  }, [[3, 4]]),
  stamped('of 10,000 tags', () => stampUsage({ inputTokens: 3, outputTokens: 4, tags: manyTags() }), [[3, 4]]),
  stamped(
    'with tags named like prototypes',
    () =>
      stampUsage({ inputTokens: 3, outputTokens: 4, tags: JSON.parse('{"__proto__":"a","constructor":"b"}') as never }),
    [[3, 4]],
  ),
  stamped(
    'with a field named __proto__',
    () => stampUsage(JSON.parse('{"__proto__":{"inputTokens":7},"outputTokens":4}') as never),
    [[null, 4]],
  ),
  stamped('with 8 MB of model', () => stampUsage({ inputTokens: 3, outputTokens: 4, model: 'm'.repeat(8_000_000) }), [
    [3, 4],
  ]),
  stamped(
    'with line breaks everywhere',
    () =>
      stampUsage({
        inputTokens: 3,
        outputTokens: 4,
        model: 'a\nb',
        requestedModel: '\r',
        provider: '\u001b[2J',
        operation: '\u0085',
        correlationId: 'x\ny',
        responseId: '\u2028',
        serviceTier: '\n',
        tags: { 'a\nb': 'c\r\nd' },
      }),
    [[3, 4]],
  ),
  stamped('made ten thousand times', () => {
    for (let at = 0; at < 10_000; at++) stampUsage({ inputTokens: 3, outputTokens: 4, tags: { [`t${at}`]: 'v' } })
  }, [[3, 4]]),
  stamped('of identity that throws at every look', (usage) => usage?.identify(everywhere as never)),
  stamped('of an added line that is none', () => addUsage({ model: MARKERS.prompt })),
  stamped('kept until long after', (usage) => void setTimeout(() => usage?.stamp({ inputTokens: 1 }), 0).unref()),
]

const forged = Object.assign(new Error(`${MARKERS.failure}\n[withusage] forged`, { cause: MARKERS.prompt }), {
  name: `Bad\n${MARKERS.failure}`,
  code: `E ${MARKERS.failure}\u001b[31m`,
})

/** A format that fails, or says what cannot be. */
function format(name: string, own: Partial<Format>, tells: Tells): HostileInput {
  const nothing = { model: null, responseId: null, lines: [], raw: null }
  const base = { name: 'own', operation: null, matches: () => true, start: () => null, read: () => null }
  const formats = [{ ...base, finish: () => nothing, ...own }]
  return callback(`a format that ${name}`, { formats }, tells)
}

function callback(name: string, options: Partial<UsageOptions>, tells: Tells): HostileInput {
  return {
    name,
    scene: () => ({ handler: () => json(chatCompletion()), options }),
    ...(tells !== undefined && { tells }),
  }
}

const forge = (): never => {
  throw forged
}
const line = usageLine({ ...NO_COUNTS, inputTokens: 3 }, { model: 'm', final: true })

const callbacks: HostileInput[] = [
  identified('throws what forges lines of a log', forge),
  identified('rejects with what forges lines of a log', () => Promise.reject(forged)),
  identified('rejects with what throws at every look', () => Promise.reject(everywhere)),
  callback('a route that throws', { route: forge }, [[9, 5]]),
  callback('a route that gives what is no text', { route: () => ({ includes: broken }) as never }, [[9, 5]]),
  callback('waitUntil that throws', { waitUntil: forge }, [[9, 5]]),
  callback('waitUntil that rejects', { waitUntil: (() => Promise.reject(forged)) as never }, [[9, 5]]),
  callback('formats that are none', { formats: [null, 5, {}] as never }, [[9, 5]]),
  format('throws when asked', { matches: forge }, [[9, 5]]),
  format('throws at its start', { start: forge }, undefined),
  format('throws at each event', { read: forge }, 'no_usage'),
  format('throws at the end', { finish: forge }, 'no_usage'),
  format('gives nothing', { finish: () => undefined as never }, undefined),
  format(
    'gives counts that are none',
    {
      finish: () => ({ model: 'm', responseId: null, lines: [{ ...line, inputTokens: -3 }], raw: null }),
    },
    'record_failed',
  ),
  format(
    'gives lines that are none',
    {
      finish: () => ({ model: null, responseId: null, lines: [null, 5, MARKERS.completion] as never, raw: null }),
    },
    undefined,
  ),
  format(
    'gives an answer as raw',
    {
      finish: () => ({ model: 'm', responseId: null, lines: [line], raw: { text: MARKERS.completion, tokens: 3 } }),
    },
    [[3, null]],
  ),
]

export const said: readonly HostileInput[] = [...identities, ...stamps, ...callbacks]
