import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { bytesOf, chatCompletion, chatEvents, streamOf } from '../support/bodies.ts'
import { MARKERS } from './markers.ts'
import type { HostileInput } from './scene.ts'

const MEBIBYTE = 1024 * 1024
const JSON_TYPE = 'application/json'
const SSE = 'text/event-stream'
const NDJSON = 'application/x-ndjson'

type Chunks = () => Iterable<Uint8Array | string>

function body(
  name: string,
  contentType: string,
  chunks: Chunks,
  tells?: HostileInput['tells'],
  headers: Record<string, string> = {},
): HostileInput {
  const respond = () => new Response(streamOf(chunks()), { headers: { 'content-type': contentType, ...headers } })
  return { name, scene: () => ({ handler: respond }), ...(tells !== undefined && { tells }) }
}

const CHAT = JSON.stringify(
  chatCompletion({ choices: [{ index: 0, message: { role: 'assistant', content: MARKERS.completion } }] }),
)
/** An answer that holds text as JSON text writes it, in place of the completion. */
const chatWith = (content: string): string => CHAT.replace(JSON.stringify(MARKERS.completion), content)
const usageEvent = `data: {"object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}\n\n`
const wordEvent = `data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"${MARKERS.completion}"}}]}\n\n`
const DONE = 'data: [DONE]\n\n'

function* times(count: number, chunk: Uint8Array | string): Generator<Uint8Array | string> {
  for (let turn = 0; turn < count; turn++) yield chunk
}

const malformed: HostileInput[] = [
  ['an empty body', '', 'no_usage'],
  ['one brace', '{', 'unreadable_body'],
  ['a trailing comma', '{"usage":{"prompt_tokens":9,}}', 'unreadable_body'],
  ['single quotes', "{'usage':{'prompt_tokens':9}}", 'unreadable_body'],
  ['a comment', `/* ${MARKERS.prompt} */{"usage":{}}`, 'unreadable_body'],
  ['two documents side by side', `${CHAT}${CHAT}`, 'unreadable_body'],
  ['text after the document', `${CHAT} ${MARKERS.completion}`, 'unreadable_body'],
  ['an unclosed string', `{"a":"${MARKERS.completion}`, 'unreadable_body'],
  ['a bare word', `${MARKERS.completion}`, 'unreadable_body'],
  ['NaN', '{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":NaN}}', 'unreadable_body'],
  ['a number with a leading zero', '{"usage":{"prompt_tokens":09}}', 'unreadable_body'],
  ['null', 'null', 'no_usage'],
  ['a number', '42', 'no_usage'],
  ['a string', JSON.stringify(MARKERS.completion), 'no_usage'],
  ['an array of answers', `[${CHAT},${CHAT}]`, 'no_usage'],
  ['HTML', `<html><body>${MARKERS.completion}</body></html>`, 'unreadable_body'],
].map(([what, text, tells]) => body(`malformed JSON: ${what}`, JSON_TYPE, () => [text as string], tells as 'no_usage'))

const duplicates: HostileInput[] = [
  body(
    'duplicate keys: the last count wins, as in JSON.parse',
    JSON_TYPE,
    () => [CHAT.replace('"prompt_tokens":9', '"prompt_tokens":7000,"prompt_tokens":9')],
    [[9, 5]],
  ),
  body(
    'duplicate keys: the last usage object wins whole',
    JSON_TYPE,
    () => [
      CHAT.replace('"usage":', '"usage":{"prompt_tokens":7000,"completion_tokens":1,"total_tokens":7001},"usage":'),
    ],
    [[9, 5]],
  ),
  body(
    'duplicate keys: a last one that is no usage leaves none',
    JSON_TYPE,
    () => [`${CHAT.slice(0, -1)},"usage":null}`],
    'no_usage',
  ),
  body(
    'keys of Object.prototype',
    JSON_TYPE,
    () => [
      `${CHAT.slice(0, -1)},"__proto__":{"usage":{"prompt_tokens":7000}},"constructor":{"prototype":{"prompt_tokens":1}},"toString":1,"hasOwnProperty":null}`,
    ],
    [[9, 5]],
  ),
  body(
    'usage that is only a prototype',
    JSON_TYPE,
    () => [
      '{"object":"chat.completion","choices":[],"usage":{"__proto__":{"prompt_tokens":7000,"completion_tokens":1}}}',
    ],
    'no_usage',
  ),
]

const open = (depth: number): string => '['.repeat(depth)
const close = (depth: number): string => ']'.repeat(depth)
const nested = (depth: number): string => `${open(depth)}${close(depth)}`

const deep: HostileInput[] = [
  body('10,000 deep beside the usage', JSON_TYPE, () => [chatWith(nested(9_990))], [[9, 5]]),
  body('10,000 objects deep', JSON_TYPE, () => [chatWith(`${'{"a":'.repeat(9_990)}1${'}'.repeat(9_990)}`)], [[9, 5]]),
  body(
    '10,000 deep inside the usage',
    JSON_TYPE,
    () => [CHAT.replace('"prompt_tokens"', `"x":${nested(9_990)},"prompt_tokens"`)],
    [[9, 5]],
  ),
  body('1,000,000 deep', JSON_TYPE, () => [chatWith(nested(1_000_000))], 'unreadable_body'),
  body('8 MB of [', JSON_TYPE, () => [open(8 * MEBIBYTE)], 'unreadable_body'),
  body('8 MB of { in an SSE message', SSE, () => [`data: ${'{"a":'.repeat(1.6 * MEBIBYTE)}\n\n`, usageEvent, DONE], [
    [9, 5],
  ]),
  body(
    '1,000,000 deep in a line',
    NDJSON,
    () => [`${nested(1_000_000)}\n`, '{"model":"m","done":true,"response":"","prompt_eval_count":9,"eval_count":5}\n'],
    [[9, 5]],
  ),
  body('brackets without end, but in a text', JSON_TYPE, () => [chatWith(`"${open(50_000)}"`)], [[9, 5]]),
]

const lines: HostileInput[] = [
  body('a million empty SSE lines, in small chunks', SSE, () => times(5_000, '\n'.repeat(200)), 'no_usage'),
  body('a million empty SSE lines, in one chunk', SSE, () => ['\n'.repeat(1_000_000), usageEvent, DONE], [[9, 5]]),
  body(
    'a million empty SSE lines of CRLF, and usage between',
    SSE,
    () => ['\r\n'.repeat(500_000), usageEvent, '\r\n'.repeat(500_000), DONE],
    [[9, 5]],
  ),
  body('a million comments', SSE, () => [':\n'.repeat(1_000_000), usageEvent, DONE], [[9, 5]]),
  body(
    'a million data lines of nothing in one message',
    SSE,
    () => ['data:\n'.repeat(1_000_000), '\n', usageEvent, DONE],
    [[9, 5]],
  ),
  body('one endless SSE line', SSE, () => ['data: ', ...times(160, 'x'.repeat(64 * 1024))], 'too_large'),
  body('one endless line of JSON lines', NDJSON, () => ['{"a":"', ...times(160, 'x'.repeat(64 * 1024))], 'too_large'),
  body(
    'an endless line between usage and the end',
    SSE,
    () => [usageEvent, 'data: ', ...times(160, 'x'.repeat(64 * 1024)), '\n\n', DONE],
    'too_large',
  ),
  body(
    'an endless text in a document',
    JSON_TYPE,
    () => ['{"a":"', ...times(160, 'x'.repeat(64 * 1024))],
    'unreadable_body',
  ),
  body('an endless document', JSON_TYPE, () => ['{"a":[', ...times(160, '{"b":1},'.repeat(8 * 1024))], 'too_large'),
  body(
    'a document with 10 MB of white space before it',
    JSON_TYPE,
    () => [...times(160, ' '.repeat(64 * 1024)), CHAT],
    [[9, 5]],
  ),
  body('a document with 10 MB of white space after it', JSON_TYPE, () => [CHAT, ...times(160, ' '.repeat(64 * 1024))], [
    [9, 5],
  ]),
  body(
    'a document with 10 MB of white space in it',
    JSON_TYPE,
    () => [CHAT.slice(0, -1), ...times(160, ' '.repeat(64 * 1024)), '}'],
    [[9, 5]],
  ),
  body(
    '20,000 messages that are no JSON and may have told usage',
    SSE,
    () => [wordEvent, `data: {"usage":${MARKERS.completion}}\n\n`.repeat(20_000), usageEvent],
    'unreadable_body',
  ),
  body(
    '20,000 messages that are no JSON, before the first that is some',
    SSE,
    () => [`data: {${MARKERS.completion}}\n\n`.repeat(20_000), usageEvent],
    'unreadable_body',
  ),
  body(
    '20,000 messages that are no JSON and name no usage',
    SSE,
    () => [wordEvent, `data: {${MARKERS.completion}}\n\n`.repeat(20_000), usageEvent],
    [[9, 5]],
  ),
  body(
    '9,000 messages that are no JSON, and usage after them',
    SSE,
    () => [`data: {${MARKERS.completion}}\n\n`.repeat(9_000), usageEvent, DONE],
    [[9, 5]],
  ),
  body(
    '20,000 words that are no JSON, and usage after them',
    SSE,
    () => [`data: ${MARKERS.completion}\n\n`.repeat(20_000), usageEvent, DONE],
    [[9, 5]],
  ),
  body('a message without its blank line', SSE, () => [wordEvent, usageEvent.trimEnd()], [[9, 5]]),
  body('[DONE] before the usage', SSE, () => [wordEvent, DONE, usageEvent], [[9, 5]]),
  body('field names that are none', SSE, () => [`${MARKERS.completion}\n`, 'dat: {}\n', 'data\n\n', usageEvent], [
    [9, 5],
  ]),
]

const invalid = (text: string, ...bytes: number[]): Uint8Array => {
  const [before = '', after = ''] = text.split('¤')
  return Uint8Array.from([...bytesOf(before), ...bytes, ...bytesOf(after)])
}

const text: HostileInput[] = [
  body('invalid UTF-8 in a text', JSON_TYPE, () => [invalid(chatWith('"¤"'), 0xff, 0xfe, 0x80)], [[9, 5]]),
  body('a cut UTF-8 sequence at the end of a text', JSON_TYPE, () => [invalid(chatWith('"¤"'), 0xf0, 0x9f)], [[9, 5]]),
  body('overlong UTF-8 for a quote', JSON_TYPE, () => [invalid(chatWith('"¤"'), 0xc0, 0xa2)], [[9, 5]]),
  body(
    'invalid UTF-8 in a count',
    JSON_TYPE,
    () => [invalid(CHAT.replace('"prompt_tokens":9', '"prompt_tokens":9¤'), 0xff)],
    'unreadable_body',
  ),
  body(
    'invalid UTF-8 in the key of a count',
    JSON_TYPE,
    () => [invalid(CHAT.replace('"prompt_tokens":9', '"prompt_tokens¤":9'), 0xff)],
    [[null, 5]],
  ),
  body('nothing but invalid UTF-8', SSE, () => [new Uint8Array(5_000).fill(0xff)], 'unreadable_body'),
  body('UTF-16', JSON_TYPE, () => [Uint8Array.from(Buffer.from(CHAT, 'utf16le'))], 'unreadable_body'),
  body('lone surrogates in text and model', JSON_TYPE, () => [CHAT.replace('qwen-7b', '\\ud83eqwen\\udc00')], [[9, 5]]),
  body('a lone surrogate in a key', JSON_TYPE, () => [CHAT.replace('"usage":{', '"usage":{"\\ud800":1,')], [[9, 5]]),
  body('NUL in the model', JSON_TYPE, () => [CHAT.replace('qwen-7b', '\\u0000qwen\\u0000')], [[9, 5]]),
  body('a byte order mark before the document', JSON_TYPE, () => [`\ufeff${CHAT}`], [[9, 5]]),
  body('two byte order marks', JSON_TYPE, () => [`\ufeff\ufeff${CHAT}`], [[9, 5]]),
  body(
    'a byte order mark in the middle of a document',
    JSON_TYPE,
    () => [CHAT.replace('"usage"', '\ufeff"usage"')],
    'unreadable_body',
  ),
  body('a byte order mark in the middle of a stream', SSE, () => [wordEvent, `\ufeff${usageEvent}`, DONE], 'no_usage'),
  body(
    'a byte order mark before the data of a message',
    SSE,
    () => [wordEvent, usageEvent.replace('data: ', 'data: \ufeff')],
    [[9, 5]],
  ),
  body(
    'a byte order mark between lines',
    NDJSON,
    () => [
      '\ufeff{"model":"m","done":false,"response":"x"}\n',
      '\ufeff{"model":"m","done":true,"response":"","eval_count":5}\n',
    ],
    'no_usage',
  ),
]

/** A body that grows a thousandfold when it is decoded. */
const zeros = new Uint8Array(64 * MEBIBYTE)
const bomb = { gzip: gzipSync(zeros), br: brotliCompressSync(zeros), zstd: zstdCompressSync(zeros) }
const zipped = Uint8Array.from(gzipSync(CHAT))

function zippedOften(times: number): Uint8Array {
  let bytes = zipped
  for (let time = 1; time < times; time++) bytes = Uint8Array.from(gzipSync(bytes))
  return bytes
}

const encoded: HostileInput[] = [
  ...Object.entries(bomb).map(([coding, bytes]) =>
    body(`a bomb of ${coding}`, JSON_TYPE, () => [Uint8Array.from(bytes)], 'too_large', {
      'content-encoding': coding,
    }),
  ),
  body('a bomb of gzip in an event stream', SSE, () => [Uint8Array.from(bomb.gzip)], 'too_large', {
    'content-encoding': 'gzip',
  }),
  body('a bomb of gzip that no header names', JSON_TYPE, () => [Uint8Array.from(bomb.gzip)], 'encoded_body'),
  body('a bomb of gzip inside gzip', JSON_TYPE, () => [Uint8Array.from(gzipSync(bomb.gzip))], 'too_large', {
    'content-encoding': 'gzip, gzip',
  }),
  body('gzip, byte by byte', JSON_TYPE, () => [...zipped].map((byte) => Uint8Array.of(byte)), [[9, 5]], {
    'content-encoding': 'gzip',
  }),
  body('gzip cut short', JSON_TYPE, () => [zipped.slice(0, 40)], 'encoded_body', {
    'content-encoding': 'gzip',
  }),
  body('gzip with a wrong byte', JSON_TYPE, () => [zipped.with(zipped.length - 6, 1)], 'encoded_body', {
    'content-encoding': 'gzip',
  }),
  body('gzip that is followed by something else', JSON_TYPE, () => [zipped, CHAT], 'encoded_body', {
    'content-encoding': 'gzip',
  }),
  body('more codings than anyone applies', JSON_TYPE, () => [zippedOften(40)], 'encoded_body', {
    'content-encoding': Array(40).fill('gzip').join(),
  }),
  body('an encoding that is none', JSON_TYPE, () => [CHAT], [[9, 5]], { 'content-encoding': 'zq, ,;' }),
  body('plain bytes that a header calls gzip', JSON_TYPE, () => [CHAT], [[9, 5]], { 'content-encoding': 'gzip' }),
]

const leaking: HostileInput[] = [
  body(
    'a prompt inside the usage object',
    JSON_TYPE,
    () => [
      CHAT.replace(
        '"usage":{',
        `"usage":{"note":"${MARKERS.prompt}","list":["${MARKERS.prompt}"],"deep":{"text":"${MARKERS.completion}"},`,
      ),
    ],
    [[9, 5]],
  ),
  body(
    'a prompt as a key of the usage object',
    JSON_TYPE,
    () => [CHAT.replace('"usage":{', `"usage":{"${MARKERS.prompt}":1,`)],
    [[9, 5]],
  ),
  body(
    'a prompt where the usage object has a word',
    JSON_TYPE,
    () => [CHAT.replace('"usage":{', `"usage":{"type":"${MARKERS.prompt}","model":"${MARKERS.prompt}",`)],
    [[9, 5]],
  ),
  body(
    'an answer inside the usage of a stream',
    SSE,
    () => [wordEvent, usageEvent.replace('"usage":{', `"usage":{"output":"${MARKERS.completion}",`)],
    [[9, 5]],
  ),
  body(
    'an answer inside the iterations of a message',
    JSON_TYPE,
    () => [
      `{"type":"message","role":"assistant","model":"m","usage":{"input_tokens":9,"output_tokens":5,"iterations":[{"type":"message","input_tokens":9,"output_tokens":5,"text":"${MARKERS.completion}"}]}}`,
    ],
    [[9, 5]],
  ),
  body(
    'an answer inside the timings',
    SSE,
    () => [
      `data: {"object":"chat.completion.chunk","choices":[],"timings":{"prompt_n":9,"predicted_n":5,"text":"${MARKERS.completion}"}}\n\n`,
    ],
    [[9, 5]],
  ),
  body(
    'an answer where a count should be',
    JSON_TYPE,
    () => [`{"model":"m","done":true,"response":"","prompt_eval_count":9,"eval_count":"${MARKERS.completion}"}`],
    [[9, null]],
  ),
  body(
    'an error in mid-stream that tells the prompt',
    SSE,
    () => [wordEvent, `event: error\ndata: {"type":"error","error":{"message":"${MARKERS.prompt}"}}\n\n`, usageEvent],
    [[9, 5]],
  ),
  body(
    'an event name that tells the prompt',
    SSE,
    () => [`event: ${MARKERS.prompt}\nid: ${MARKERS.prompt}\n${usageEvent}`],
    [[9, 5]],
  ),
]

export const wireBodies: readonly HostileInput[] = [
  ...malformed,
  ...duplicates,
  ...deep,
  ...lines,
  ...text,
  ...encoded,
  ...leaking,
  body('chat events in a document type', 'application/json; charset=utf-8', () => chatEvents(), [[9, 5]]),
]
