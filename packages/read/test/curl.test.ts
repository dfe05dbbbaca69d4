import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { BODY, CHAT } from './support/chat.ts'
import { read, SECRET, said, sse } from './support/run.ts'

describe('what curl -i printed', () => {
  const head = (lines: readonly string[], end: string) => [...lines, '', ''].join(end)

  it.each([
    ['HTTP/1.1', '\r\n', 'HTTP/1.1 200 OK'],
    ['HTTP/2', '\r\n', 'HTTP/2 200 '],
    ['HTTP/2 without a reason', '\r\n', 'HTTP/2 200'],
    ['HTTP/1.1 with LF alone', '\n', 'HTTP/1.1 200 OK'],
  ])('is read as its head and its body: %s', async (_, end, status) => {
    const { code, out } = await read(head([status, 'Content-Type: application/json'], end) + BODY)
    expect({ code, input: said(out, 'inputTokens') }).toEqual({ code: 0, input: '9 = usage.prompt_tokens 9' })
  })

  it('is decoded where its head says so', async () => {
    for (const [coding, encode] of Object.entries({
      gzip: gzipSync,
      br: brotliCompressSync,
      deflate: deflateSync,
      zstd: zstdCompressSync,
    })) {
      const saved = Buffer.concat([
        Buffer.from(head(['HTTP/1.1 200 OK', `content-encoding: ${coding}`], '\r\n')),
        encode(BODY),
      ])
      const { code, out } = await read(saved)
      expect({ coding, code, input: said(out, 'inputTokens') }).toEqual({
        coding,
        code: 0,
        input: '9 = usage.prompt_tokens 9',
      })
      expect(said(out, 'transport')).toContain(`${coding} decoded`)
    }
  })

  it('of an error is ignored, and says why', async () => {
    const { code, out } = await read(
      `${head(['HTTP/1.1 500 Oops', 'content-type: application/json'], '\r\n')}{"error":{"message":"${SECRET}"}}`,
    )
    expect(code).toBe(0)
    expect(out).toMatch(/^ignored: status_5xx\n {2}A server error/)
    expect(out).not.toContain(SECRET)
  })

  it('whose head does not end is not read', async () => {
    const { code, error } = await read('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n')
    expect(code).toBe(1)
    expect(error).toContain('its head has no end')
  })

  describe('with --raw', () => {
    const CHUNKED = ['HTTP/1.1 200 OK', 'Content-Type: application/json', 'Transfer-Encoding: chunked']
    const saved = (body: Uint8Array | string, end = '\r\n') =>
      Buffer.concat([Buffer.from(head(CHUNKED, end)), Buffer.from(body)])

    it.each([
      ['one', chunked(BODY, BODY.length)],
      ['many', chunked(BODY, 7)],
      ['with extensions and a trailer', chunked(BODY, 40, ';a=b').replace(/\r\n$/, `X-Trailer: ${SECRET}\r\n\r\n`)],
      ['with line breaks of LF alone', chunked(BODY, 50).replaceAll('\r', '')],
    ])('has its chunks joined: %s', async (_, body) => {
      const { code, out } = await read(saved(body))
      expect({ code, input: said(out, 'inputTokens') }).toEqual({ code: 0, input: '9 = usage.prompt_tokens 9' })
      expect(said(out, 'transport')).toBe(
        `JSON, ${BODY.length} bytes, status 200, curl -i: HTTP/1.1 200, chunks joined`,
      )
    })

    it('has them joined before it is decoded', async () => {
      const packed = gzipSync(BODY)
      const size = Buffer.from(`${packed.length.toString(16)}\r\n`)
      const { out } = await read(saved(Buffer.concat([size, packed, Buffer.from('\r\n0\r\n\r\n')])))
      expect(said(out, 'inputTokens')).toBe('9 = usage.prompt_tokens 9')
      expect(said(out, 'transport')).toContain('chunks joined, gzip decoded')
    })

    it('is read as far as its chunks go', async () => {
      const cut = await read(saved(chunked(BODY, 30).slice(0, 100)))
      expect(cut.code).toBe(1)
      expect(cut.out).toContain('unrecorded: unreadable_body')
    })

    it('is left alone where curl has joined them, or they are of another length', async () => {
      const joined = await read(saved(BODY))
      expect(said(joined.out, 'transport')).not.toContain('chunks')
      const wrong = await read(saved(`5\r\n${BODY}`))
      expect(said(wrong.out, 'transport')).not.toContain('chunks')
    })

    it('is not read where one of them has no size', async () => {
      const { code, error } = await read(saved(chunked(BODY, 30).replace(/\r\n1e\r\n(?!.*1e\r\n)/, '\r\nxyz\r\n')))
      expect(code).toBe(1)
      expect(error).toContain('one of them has no size')
    })
  })
})

function chunked(body: string, size: number, extension = ''): string {
  const parts = body.match(new RegExp(`.{1,${size}}`, 'gs')) ?? []
  return `${parts.map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`).join('')}0\r\n\r\n`
}

describe('what curl -v printed', () => {
  const row = (received: number, end = '') =>
    `\r${['100', received, '  0', received, '   0', '    0', '  142k', '     0', '--:--:--', ' 0:00:02', '--:--:--', ' 188k'].join(' ')}${end}`
  const TABLE =
    '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
    '                                 Dload  Upload   Total   Spent    Left  Speed\n'
  const ASKED =
    '*   Trying 127.0.0.1:8765...\n* Connected to 127.0.0.1 (127.0.0.1) port 8765 (#0)\n' +
    `> POST /v1/chat/completions HTTP/1.1\r\n> Authorization: Bearer ${SECRET}\r\n> \r\n} [2 bytes data]\n`
  const headed = (type: string, status = 'HTTP/1.1 200 OK', more = '') =>
    `< ${status}\r\n< Content-Type: ${type}\r\n${more}< \r\n`
  const LEFT = '* Connection #0 to host 127.0.0.1 left intact\n'
  const STREAM = [
    { ...CHAT, object: 'chat.completion.chunk', usage: null },
    { ...CHAT, object: 'chat.completion.chunk', choices: [] },
  ].map((event) => sse(event))
  const bytes = (length: number) => `{ [${length} bytes data]\n`

  it.each([
    ['on a terminal', `${ASKED}${headed('application/json')}${BODY}${LEFT}`],
    [
      'in a file, its body last',
      `${TABLE}${row(0)}${ASKED}${headed('application/json')}${bytes(210)}${row(193, '\n')}${LEFT}${BODY}`,
    ],
    [
      'while its table grew',
      `${TABLE}${row(0)}${ASKED}${row(0)}${row(0)}${headed('application/json')}${bytes(210)}${BODY}${row(193, '\n')}${LEFT}`,
    ],
    ['of HTTP/2', `* ALPN: offers h2\n${ASKED}${headed('application/json', 'HTTP/2 200 ')}${BODY}\n${LEFT}`],
    [
      'after a redirect',
      `${ASKED}${headed('text/html', 'HTTP/1.1 307 Moved')}* Ignoring the response-body\n${bytes(15)}${ASKED}${headed('application/json')}${BODY}\n${LEFT}`,
    ],
    ['with a trailer', `${ASKED}${headed('application/json')}${BODY}\n< X-Trailer: 1\r\n${LEFT}`],
    [
      'with -i',
      `${ASKED}${headed('text/plain')}${bytes(210)}${row(193, '\n')}${LEFT}HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n${BODY}`,
    ],
    [
      'with --raw',
      `${ASKED}${headed('application/json', 'HTTP/1.1 200 OK', '< Transfer-Encoding: chunked\r\n')}${bytes(210)}${chunked(BODY, 50)}${LEFT}`,
    ],
    [
      'of an answer about it',
      `${ASKED}${headed('application/json')}${BODY.replace(SECRET, `* Closing connection 0\\n* transfer closed with it\\n* Connection #0 to host ${SECRET} left intact`)}${LEFT}`,
    ],
    [
      'of a connection that broke after the body',
      `${ASKED}${headed('application/json')}${BODY}* transfer closed with 9 bytes remaining to read\n${bytes(0)}* Closing connection 0\ncurl: (18) transfer closed with 9 bytes remaining to read\n`,
    ],
    [
      'with its line breaks made LF',
      `${ASKED}${headed('application/json')}${BODY}\n${LEFT}`.replaceAll('\r', '').replaceAll(/([<>]) $/gm, '$1'),
    ],
  ])('is read by its head and its body: %s', async (_, saved) => {
    const { code, out } = await read(saved)
    expect({ code, input: said(out, 'inputTokens') }).toEqual({ code: 0, input: '9 = usage.prompt_tokens 9' })
    expect(said(out, 'transport')).toMatch(/^JSON, \d+ bytes, status 200, curl -v: HTTP\/\d(?:\.1)? 200/)
    expect(out).not.toContain(SECRET)
  })

  it('is read event by event, with the table between them', async () => {
    const [first = '', last = ''] = STREAM
    const saved = `${TABLE}${row(0)}${ASKED}${headed('text/event-stream')}${bytes(124)}${first}${row(120)}${last}${row(267)}${sse('[DONE]')}${row(281, '\n')}${LEFT}`
    const { code, out } = await read(saved)
    expect({ code, input: said(out, 'inputTokens') }).toEqual({
      code: 0,
      input: '9 = usage.prompt_tokens 9 in event 2',
    })
    const size = first.length + last.length + sse('[DONE]').length
    expect(said(out, 'transport')).toBe(`SSE, ${size} bytes, status 200, curl -v: HTTP/1.1 200`)
  })

  it('of an error is ignored', async () => {
    const { code, out } = await read(
      `${ASKED}${headed('application/json', 'HTTP/1.1 401 No')}{"error":{"code":"no_key"}}${LEFT}`,
    )
    expect(code).toBe(0)
    expect(out).toMatch(/^ignored: status_4xx\n.*code no_key/)
  })

  it('whose head does not end is not read', async () => {
    const { code, error } = await read(`${ASKED}< HTTP/1.1 200 OK\r\n< Content-Type: application/json\r\n`)
    expect(code).toBe(1)
    expect(error).toContain('begins as curl -v output, and its head has no end')
  })
})
