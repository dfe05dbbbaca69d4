import { exchange, ignored, READ, recorded, type Scenario, STAMPED } from './scenario.ts'

/** Statuses, headers and methods. */
export const heads = {
  'several set-cookie': exchange(
    'every set-cookie arrives, in order',
    { handler: 'cookies' },
    recorded({ ...READ, streamed: false }),
  ),

  'unusual headers and reason': exchange(
    'unusual headers, a status of its own and its reason arrive as they are',
    { handler: 'odd-headers' },
    recorded({ ...READ, status: 299 }),
  ),

  'header beyond ASCII beside a text': exchange(
    'a header beyond ASCII arrives as the server sends it beside a text',
    { handler: 'latin-header' },
    recorded(READ),
  ),

  framing: {
    ...exchange('a text that is read keeps its length on the wire', { handler: 'json' }, recorded(READ)),
    isFraming: true,
  },

  'framing untouched': {
    ...exchange(
      'a text that needs no reading keeps its length on the wire',
      { handler: 'json-stamped' },
      recorded(STAMPED),
    ),
    isFraming: true,
  },

  'framing counted': {
    ...exchange('a length that the handler gives stays', { handler: 'json-counted' }, recorded(READ)),
    isFraming: true,
  },

  'same response again': {
    title: 'a response that a handler returns for two requests is sent for both where the server does so',
    act: async (side) => [await side.exchange({ handler: 'again' }), await side.exchange({ handler: 'again' })],
    expected: {
      accounts: [{ recorded: 2 }, { recorded: 1, 'unrecorded no_usage': 1 }, { recorded: 1, 'ignored status_5xx': 1 }],
      records: [],
    },
  },

  'no body': exchange('an answer without a body is no inference', { handler: 'empty' }, ignored('not_inference')),

  HEAD: exchange('HEAD has headers and no body', { handler: 'json', method: 'HEAD' }, ignored('not_inference')),

  OPTIONS: exchange('OPTIONS is no inference', { handler: 'options', method: 'OPTIONS' }, ignored('not_inference')),

  'GET with usage': exchange(
    'GET counts when it answers with usage',
    { handler: 'json', method: 'GET' },
    recorded(READ),
  ),

  'status 204': exchange('204 has no body', { handler: 'no-content' }, ignored('not_inference')),

  'status 304': exchange('304 has no body', { handler: 'not-modified' }, ignored('not_inference')),

  redirect: exchange('a redirect is ignored', { handler: 'redirect' }, ignored('status_3xx')),

  'status 404': exchange('404 is ignored', { handler: 'not-found' }, ignored('status_4xx')),

  'status 500': exchange('500 is ignored', { handler: 'server-error' }, ignored('status_5xx')),
} satisfies Record<string, Scenario>
