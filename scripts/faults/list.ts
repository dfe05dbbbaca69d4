/** One way to break the product. */
export interface Fault {
  name: string
  file: string
  /** Occurs once in the file. */
  find: string
  put: string
  /** Filters of the test files, in the package of the file, that should see it. */
  tests: readonly string[]
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a dropped cancel',
    file: 'packages/core/src/tee.ts',
    find: 'this.#observer.run(() => this.#anyReader().cancel(reason))',
    put: 'Promise.resolve()',
    tests: ['test/bytes', 'test/settling', 'test/localai-parity'],
  },
  {
    name: 'a double settle',
    file: 'packages/core/src/ticket.ts',
    find: 'const first = !this.#used',
    put: 'const first = true',
    tests: ['test/settling', 'test/recorder'],
  },
  {
    name: 'a null turned 0',
    file: 'packages/core/src/formats/ollama.ts',
    find: 'inputTokens: count(usage.prompt_eval_count),',
    put: 'inputTokens: count(usage.prompt_eval_count) ?? 0,',
    tests: ['test/formats', 'test/lower-bounds', 'test/hostile/derived'],
  },
  {
    name: 'a lost tally',
    file: 'packages/core/src/tallies.ts',
    find: 'if (entry.acknowledged < entry.tally.count) this.#unsent.add(entry)',
    put: '',
    tests: ['test/tallies', 'test/recorder', 'test/write-queue'],
  },
  {
    name: 'a leaked prompt: texts of a usage object are kept',
    file: 'packages/core/src/meter/raw.ts',
    find: `if (!WORD_FIELDS.test(field) || !WORD.test(word)) return undefined
`,
    put: '',
    tests: ['test/hostile/tables'],
  },
  {
    name: 'a raw path in records and labels',
    file: 'packages/core/src/endpoint.ts',
    find: "?? 'other'",
    put: '?? path',
    tests: ['test/telemetry', 'test/facts', 'test/localai-parity', 'test/hostile/labels'],
  },
  {
    name: 'a leaked secret: the cause of an error in a log',
    file: 'packages/core/src/report.ts',
    find: '.filter(isWord)',
    put: '.concat(cause.message)',
    tests: ['test/report', 'test/hostile/tables'],
  },
  {
    name: 'filter counts on every line',
    file: 'packages/core/src/settlement.ts',
    find: 'const filtered = index === 0 ? seen.stamp : null',
    put: 'const filtered = seen.stamp',
    tests: ['test/stamps', 'test/facts'],
  },
  {
    name: 'a client that asks does not count as activity',
    file: 'packages/core/src/exchange.ts',
    find: `  asked(): void {
    this.#idleWatch?.active()`,
    put: '  asked(): void {',
    tests: ['test/settling'],
  },
  {
    name: 'nobody is asked who made a request that threw after it was paid for',
    file: 'packages/core/src/exchange.ts',
    find: `    if (this.#mayHaveUsage()) this.#askIdentity()
    this.end('failed')`,
    put: "    this.end('failed')",
    tests: ['test/identity'],
  },
  {
    name: 'a request whose record cannot be made stays in flight',
    file: 'packages/core/src/exchange.ts',
    find: `    this.#ticket.unrecorded('record_failed')
  }`,
    put: '  }',
    tests: ['test/settling'],
  },
  {
    name: "Deno's abort signal is read",
    file: 'packages/core/src/request-facts.ts',
    find: "'Deno' in globalThis ? null : request.signal",
    put: 'request.signal',
    tests: ['test/settling', 'test/bytes'],
  },
  {
    name: 'zstd is taken for decoded where fetch leaves it encoded',
    file: 'packages/core/src/rewrap.ts',
    find: "versions.deno === undefined && Number.parseInt(versions.node ?? '0', 10) >= 24",
    put: 'true',
    tests: ['test/bytes', 'test/rewrap'],
  },
  {
    name: 'a cancel outside the async context of the request',
    file: 'packages/core/src/tee.ts',
    find: 'this.#observer.run(() => this.#anyReader().cancel(reason))',
    put: 'this.#anyReader().cancel(reason)',
    tests: ['test/stamps', 'test/settling'],
  },
  {
    name: 'Express: a close that nobody hears',
    file: 'packages/express/src/observe.ts',
    find: `  if (isClosed(response)) close()
  else response.once('close', close)
`,
    put: '',
    tests: ['test/observe'],
  },
  {
    name: 'Express: a close that was before us',
    file: 'packages/express/src/observe.ts',
    find: `  if (isClosed(response)) close()
  else response`,
    put: '  response',
    tests: ['test/leaving'],
  },
  {
    name: 'Express: back-pressure that is lost',
    file: 'packages/express/src/observe.ts',
    find: 'return isDrained() || result',
    put: 'return true',
    tests: ['test/observe', 'test/pipe'],
  },
  {
    name: 'Express: writes that are held until the end',
    file: 'packages/express/src/observe.ts',
    find: '  let headGiven: readonly unknown[] = []',
    put: `  response.cork()
  let headGiven: readonly unknown[] = []`,
    tests: ['test/usage', 'test/observe'],
  },
  {
    name: 'Express: a callback of write that is dropped',
    file: 'packages/express/src/observe.ts',
    find: '(write as Write).apply(response, args)',
    put: "(write as Write).apply(response, args.filter((arg) => typeof arg !== 'function'))",
    tests: ['test/observe'],
  },
  {
    name: 'Express: a callback of end that is dropped',
    file: 'packages/express/src/observe.ts',
    find: '(end as Call).apply(response, args)',
    put: "(end as Call).apply(response, args.filter((arg) => typeof arg !== 'function'))",
    tests: ['test/observe'],
  },
  {
    name: 'Express: what is written after the end counts',
    file: 'packages/express/src/observe.ts',
    find: `    const open = !response.writableEnded
    const before = shown`,
    put: `    const open = true
    const before = shown`,
    tests: ['test/observe'],
  },
  {
    name: 'Express: a client that makes room is no activity',
    file: 'packages/express/src/observe.ts',
    find: `  response.on('drain', () => exchange.asked())
`,
    put: '',
    tests: ['test/observe'],
  },
  {
    name: 'Express: an end in the middle of the turn',
    file: 'packages/express/src/observe.ts',
    find: 'setImmediate(() => exchange.end(ending))',
    put: 'exchange.end(ending)',
    tests: ['test/leaving'],
  },
  {
    name: 'Express: a handler that is not waited for when its client has left',
    file: 'packages/express/src/observe.ts',
    find: `    if (ending === 'cancelled' && !answered) exchange.left()
    else settle`,
    put: '    settle',
    tests: ['test/leaving'],
  },
  {
    name: 'Express: a chunk of HTTP/2 that counts twice',
    file: 'packages/express/src/observe.ts',
    find: 'if (open && shown === before)',
    put: 'if (open)',
    tests: ['test/http2'],
  },
  {
    name: 'Express: texts are all taken for UTF-8',
    file: 'packages/express/src/observe.ts',
    find: "typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'",
    put: "'utf8'",
    tests: ['test/observe'],
  },
  {
    name: 'Express: headers in a list are not looked at',
    file: 'packages/express/src/sent-headers.ts',
    find: '  return Object.fromEntries(lowerCase(pairs as [string, string][]))',
    put: '  return {}',
    tests: ['test/observe'],
  },
  {
    name: 'Express: headers given to writeHead are not looked at',
    file: 'packages/express/src/observe.ts',
    find: `    headGiven = args
`,
    put: '',
    tests: ['test/observe'],
  },
  {
    name: 'Express: a server that gives up is taken for a client that leaves',
    file: 'packages/express/src/ending.ts',
    find: "return errored || !left ? 'failed' : 'cancelled'",
    put: "return 'cancelled'",
    tests: ['test/observe'],
  },
  {
    name: 'Express: a stream of HTTP/2 that was reset is complete',
    file: 'packages/express/src/ending.ts',
    find: ' && rstCode === 0',
    put: '',
    tests: ['test/http2'],
  },
  {
    name: 'Express: the handler runs outside the async context',
    file: 'packages/express/src/node.ts',
    find: 'run(() => next())',
    put: 'next()',
    tests: ['test/usage'],
  },
  {
    name: 'Express: the request is read by us',
    file: 'packages/express/src/node.ts',
    find: '    return run(() => heard(exchange, next))',
    put: `    request.resume()
    return run(() => heard(exchange, next))`,
    tests: ['test/observe'],
  },
  {
    name: 'Express: a header is enough for an upgrade',
    file: 'packages/express/src/node.ts',
    find: 'request.upgrade === true',
    put: 'request.headers.upgrade !== undefined',
    tests: ['test/upgrade'],
  },
  {
    name: 'Express: an upgrade that never ends',
    file: 'packages/express/src/node.ts',
    find: 'request.upgrade === true',
    put: 'false',
    tests: ['test/upgrade'],
  },
  {
    name: 'Express: a path that a router has cut',
    file: 'packages/express/src/node.ts',
    find: 'url: originalUrl ?? url',
    put: 'url',
    tests: ['test/route'],
  },
  {
    name: 'Express: mount paths without a bound',
    file: 'packages/express/src/route.ts',
    find: 'if (known.size < MAX_MOUNTS) known.add(mount)',
    put: 'known.add(mount)',
    tests: ['test/route'],
  },
  {
    name: 'Express: parameters that were replaced',
    file: 'packages/express/src/route.ts',
    find: 'seen.push({ ...params })',
    put: 'seen.push(params)',
    tests: ['test/route'],
  },
  {
    name: 'Express: a path is another in another case',
    file: 'packages/express/src/route.ts',
    find: 'segment.toLowerCase()',
    put: 'segment',
    tests: ['test/route'],
  },
  {
    name: 'Express: a Fetch body that comes too late is not cancelled',
    file: 'packages/express/src/fetch-handler.ts',
    find: `  if (aborted || isClosed(outgoing)) await response.body?.cancel(reason).catch(() => {})
`,
    put: '',
    tests: ['test/fetch-handler'],
  },
  {
    name: 'Express: a Fetch answer to a client that has left is not told to who meters',
    file: 'packages/express/src/fetch-handler.ts',
    find: `  if (isClosed(outgoing)) answerNobody(outgoing, response)
`,
    put: '',
    tests: ['test/fetch-handler'],
  },
  {
    name: 'Express: a Fetch body whose client somebody else has answered is not cancelled',
    file: 'packages/express/src/fetch-handler.ts',
    find: 'if (aborted || isClosed(outgoing))',
    put: 'if (aborted)',
    tests: ['test/fetch-handler'],
  },
  {
    name: 'Express: a response is metered twice where the async context was lost',
    file: 'packages/express/src/node.ts',
    find: '    if (outer) return outer(() => next())\n',
    put: '',
    tests: ['test/usage'],
  },
  {
    name: 'what a client left before it was answered is complete',
    file: 'packages/core/src/exchange.ts',
    find: "ending === 'complete' && this.#left ? 'cancelled' : ending",
    put: 'ending',
    tests: ['test/settling'],
  },
  {
    name: 'Reading: a long text is cut in the middle of an escape',
    file: 'packages/core/src/meter/skim.ts',
    find: 'if (++textBytes >= TEXT_KEPT && escaping === 0) {',
    put: 'if (++textBytes >= TEXT_KEPT) {',
    tests: ['test/meter/skim'],
  },
  {
    name: 'Reading: a row of numbers takes the comma after it along',
    file: 'packages/core/src/meter/skim.ts',
    find: `if (owesComma && !closes) keep(COMMA_ALONE)
`,
    put: '',
    tests: ['test/meter/skim'],
  },
  {
    name: 'Reading: a backslash at the end of a chunk is forgotten',
    file: 'packages/core/src/meter/skim.ts',
    find: 'escaping = at > bytes.length ? -1 : 0',
    put: 'escaping = 0',
    tests: ['test/meter/skim'],
  },
  {
    name: 'Reading: a key that is written with an escape is not found',
    file: 'packages/core/src/meter/watch.ts',
    find: ", '\\\\\\\\u00']",
    put: ']',
    tests: ['test/meter/watch', 'test/meter/laws'],
  },
  {
    name: 'Reading: events differ in the value of a watched key and are taken for alike',
    file: 'packages/core/src/meter/shape.ts',
    find: ' || watched.has(key)',
    put: '',
    tests: ['test/meter/watch', 'test/meter/laws', 'test/meter/shape', 'test/meter/sieve'],
  },
  {
    name: 'Reading: what told nothing is passed over although it would tell now',
    file: 'packages/core/src/meter/sieve.ts',
    find: `    this.#shape = undefined
    this.#newShape = null
`,
    put: '',
    tests: ['test/meter/watch', 'test/meter/laws', 'test/meter/shape', 'test/meter/sieve'],
  },
  {
    name: 'Reading: the shape of a line is taken for that of a message',
    file: 'packages/core/src/meter/sse.ts',
    find: "framing: 'sse'",
    put: "framing: 'ndjson'",
    tests: ['test/meter/sieve'],
  },
  {
    name: 'Reading: shapes are looked for in texts of any length',
    file: 'packages/core/src/meter/sieve.ts',
    find: '    if (text.length > LONGEST) return -1\n',
    put: '',
    tests: ['test/meter/sieve'],
  },
  {
    name: 'Reading: shapes of what watches have taught add up',
    file: 'packages/core/src/meter/shape.ts',
    find: 'oldest.shapes.#forget(oldest.shape)',
    put: 'oldest.shapes.find("", 0)',
    tests: ['test/meter/shape'],
  },
  {
    name: 'Reading: a shape keeps what was said in a list',
    file: 'packages/core/src/meter/shape.ts',
    find: 'if (colon === undefined) return null',
    put: '',
    tests: ['test/meter/shape'],
  },
  {
    name: 'Reading: what was gathered is read after a chunk that came later',
    file: 'packages/core/src/meter/create-meter.ts',
    find: `  #read(chunk: Uint8Array): void {
    this.#readGathered()
`,
    put: `  #read(chunk: Uint8Array): void {
`,
    tests: ['test/meter/gathering'],
  },
  {
    name: 'Reading: what was gathered last is never read',
    file: 'packages/core/src/meter/create-meter.ts',
    find: `    try {
      this.#readGathered()
      this`,
    put: `    try {
      this`,
    tests: ['test/meter/gathering', 'test/meter/create-meter'],
  },
  {
    name: 'Reading: memory of a stream that was given up is lost to the others',
    file: 'packages/core/src/meter/create-meter.ts',
    find: `    this.#verdict = 'unreadable'
    this.#endGathering()
`,
    put: `    this.#verdict = 'unreadable'
    this.#gathering = null
`,
    tests: ['test/meter/gathering'],
  },
  {
    name: 'Reading: chunks are gathered without being copied',
    file: 'packages/core/src/meter/gathering.ts',
    find: 'this.#memory.set(bytes, this.#size)',
    put: 'Object.assign(this, { last: bytes })',
    tests: ['test/meter/gathering'],
  },
  {
    name: 'Reading: a decoder may give without end',
    file: 'packages/core/src/decode/decoding.ts',
    find: `if (this.#givenBytes > bound) this.#giveUp('too_large')
    else this`,
    put: 'this',
    tests: ['test/decode'],
  },
  {
    name: 'Reading: a compressed body that was cut is whole',
    file: 'packages/core/src/decode/decoding.ts',
    find: `this.#whole = whole
`,
    put: `this.#whole = true
`,
    tests: ['test/decode'],
  },
  {
    name: 'Reading: a coding that is named is believed',
    file: 'packages/core/src/decode/codings.ts',
    find: "return startsWith(head, GZIP) ? 'gzip' : null",
    put: "return 'gzip'",
    tests: ['test/decode'],
  },
  {
    name: 'Reading: a message of AWS whose checksum is wrong is believed',
    file: 'packages/core/src/meter/aws-message.ts',
    find: 'prelude?.total !== bytes.length || uint32(bytes, end) !== crc32(bytes.subarray(0, end))',
    put: 'prelude?.total !== bytes.length',
    tests: ['test/meter/aws-event-stream'],
  },
  {
    name: 'Reading: a quote inside a text ends it, in an array',
    file: 'packages/core/src/meter/json-array.ts',
    find: `    else if (byte === BACKSLASH) escaped = true
`,
    put: '',
    tests: ['test/meter/json-array'],
  },
  {
    name: 'Reading: an element past its bound is held',
    file: 'packages/core/src/meter/json-array.ts',
    find: `if (held.size + part.length > maxBytes) skip()
    else held`,
    put: 'held',
    tests: ['test/meter/json-array', 'test/meter/bounds'],
  },
  {
    name: 'a drain that forgets `maxConcurrent`',
    file: 'packages/core/src/drain.ts',
    find: 'this.#running >= bounds.maxConcurrent',
    put: 'false',
    tests: ['test/disconnect-bounds', 'test/disconnect-crowd'],
  },
  {
    name: 'a drain that keeps its seat when it has ended',
    file: 'packages/core/src/drain.ts',
    find: '      this.#running--\n',
    put: '',
    tests: ['test/disconnect-bounds'],
  },
  {
    name: 'a drain past its bound that leaves the provider running',
    file: 'packages/core/src/drain.ts',
    find: "if (end !== 'finished' && end !== 'broken') cut?.()",
    put: '',
    tests: ['test/disconnect-bounds', 'test/disconnect-properties'],
  },
  {
    name: 'a drain that outlives its request',
    file: 'packages/core/src/exchange.ts',
    find: "    this.#drain?.end('settled')\n",
    put: '',
    tests: ['test/disconnect-bounds', 'test/disconnect-properties'],
  },
  {
    name: 'a drain that lets nobody else have a turn',
    file: 'packages/core/src/drain.ts',
    find: 'if (chunks % CHUNKS_A_TURN === 0) await nextTurn()',
    put: '',
    tests: ['test/disconnect-bounds'],
  },
  {
    name: 'a drain without the chunk that its client was waiting for',
    file: 'packages/core/src/tee.ts',
    find: 'if (!done && this.#drain?.ended === null) this.#drain.count(this.#show(value))',
    put: '',
    tests: ['test/disconnect-bounds', 'test/disconnect-properties'],
  },
  {
    name: 'a drained request is complete, as if its client had stayed',
    file: 'packages/core/src/settlement.ts',
    find: "drained: 'cancelled'",
    put: "drained: 'complete'",
    tests: ['test/disconnect'],
  },
  {
    name: "a handler that ends its body without its client has its provider's last word",
    file: 'packages/core/src/settlement.ts',
    find: "seen.ending === 'complete'",
    put: "(seen.ending === 'complete' || seen.ending === 'drained')",
    tests: ['test/disconnect-bounds'],
  },
  {
    name: 'Express: what is piped is not stopped past the bounds of its drain',
    file: 'packages/express/src/drain.ts',
    find: 'stream.destroy()',
    put: '',
    tests: ['test/disconnect'],
  },
  {
    name: 'Express: a handler that waits for room in a drain waits for ever',
    file: 'packages/express/src/drain.ts',
    find: "    process.nextTick(() => response.emit('drain'))\n",
    put: '',
    tests: ['test/disconnect'],
  },
  {
    name: 'Express: a drain takes what its pipe has taken already',
    file: 'packages/express/src/drain.ts',
    find: '  stream.unpipe()\n',
    put: '',
    tests: ['test/disconnect'],
  },
  {
    name: 'One call: what a layer below sees is counted too',
    file: 'packages/core/src/upstream.ts',
    find: 'if (own.layer === other.layer) return',
    put: "if (own.layer !== '') return",
    tests: ['test/run-call'],
  },
  {
    name: 'One call: a response that is named again one layer below is a call of its own',
    file: 'packages/core/src/upstream.ts',
    find: 'return id !== null && id === otherId',
    put: 'return false',
    tests: ['test/run-call'],
  },
  {
    name: 'One call: layers that name one response are two calls',
    file: 'packages/core/src/upstream.ts',
    find: 'layer === layerOf(usage.reading.responseId, known, layer)',
    put: "layer !== ''",
    tests: ['test/double-counting'],
  },
  {
    name: 'One call: a stored response is paid for when it is fetched',
    file: 'packages/core/src/verdict.ts',
    find: '  if (elsewhere) return ignored(elsewhere)\n',
    put: '',
    tests: ['test/double-counting'],
  },
  {
    name: 'AI SDK: a model that is wrapped twice is counted twice',
    file: 'packages/ai-sdk/src/model-call.ts',
    find: 'this.below.includes(giver)',
    put: 'false',
    tests: ['test/results'],
  },
  {
    name: 'AI SDK: a model is not left when its reader leaves',
    file: 'packages/ai-sdk/src/pass-parts.ts',
    find: 'return reader.cancel(reason)',
    put: 'return undefined',
    tests: ['test/results'],
  },
  {
    name: 'AI SDK: a part is read before it is asked for',
    file: 'packages/ai-sdk/src/pass-parts.ts',
    find: '{ highWaterMark: 0 }',
    put: '{ highWaterMark: 1 }',
    tests: ['test/results'],
  },
  {
    name: 'AI SDK: a stream that broke off is final',
    file: 'packages/ai-sdk/src/reading.ts',
    find: 'interrupted: !final',
    put: 'interrupted: false',
    tests: ['test/results'],
  },
  {
    name: 'Cost: one promise more for each chunk',
    file: 'packages/core/src/tee.ts',
    find: 'run(read).then(this.#onRead, this.#onBroken)',
    put: 'run(read).then((result) => result).then(this.#onRead, this.#onBroken)',
    tests: ['test/cost-guard'],
  },
  {
    name: 'Cost: a timer for each chunk',
    file: 'packages/core/src/idle-watch.ts',
    find: `  active(): void {
    this.#active = true`,
    put: `  active(): void {
    this.#arm(this.#timeoutMs)
    this.#active = true`,
    tests: ['test/cost-guard'],
  },
  {
    name: 'meteredFetch: a response forgets where it came from',
    file: 'packages/core/src/fetch-response.ts',
    find: 'const facts = { ...origin, clone, [METERED]: true }',
    put: 'const facts = { clone, [METERED]: true }',
    tests: ['test/metered-fetch-response'],
  },
  {
    name: 'meteredFetch: the reason of a cancel is lost on its way to the provider',
    file: 'packages/core/src/lazy-body.ts',
    find: 'cancel: (reason: unknown) => (reader ?? body()).cancel(reason),',
    put: 'cancel: () => (reader ?? body()).cancel(),',
    tests: ['test/metered-fetch-response'],
  },
  {
    name: 'meteredFetch: an abort is not heard until somebody reads',
    file: 'packages/core/src/metered-fetch.ts',
    find: "signal?.addEventListener('abort', aborted, { once: true })",
    put: '',
    tests: ['test/metered-fetch.test'],
  },
  {
    name: 'meteredFetch: a stream that is dropped stays in flight',
    file: 'packages/core/src/metered-fetch.ts',
    find: "whenCollected(stream, () => end('cancelled', heardAt))",
    put: '',
    tests: ['test/metered-fetch'],
  },
  {
    name: 'meteredFetch: a body that is passed on is metered twice',
    file: 'packages/core/src/metered-fetch.ts',
    find: 'if (call instanceof MeteredCall) setMeterOfBody(stream, () => call.asMeter())',
    put: '',
    tests: ['test/metered-fetch.test'],
  },
  {
    name: 'meteredFetch: a call of which nothing is known vanishes beside others',
    file: 'packages/core/src/upstream.ts',
    find: 'const known = seen.filter(isKnown)',
    put: 'const known = seen.filter(isKnown)\n  seen.splice(0, seen.length, ...known)',
    tests: ['test/metered-fetch.test'],
  },
  {
    name: 'meteredFetch: calls that infer nothing become lines',
    file: 'packages/core/src/metered-call.ts',
    find: "return reading.format !== null || endpointOf(this.#path, undefined) !== 'other'",
    put: 'return true',
    tests: ['test/metered-fetch.test'],
  },
  {
    name: 'a result that is fetched again takes the lines of other calls with it',
    file: 'packages/core/src/stores/requests.ts',
    find: 'const left = own ? [] : lines.filter((line) => owner(line) === undefined)',
    put: 'const left = own || lines.some((line) => owner(line) !== undefined) ? [] : lines',
    tests: ['test/stores/memory', 'test/metered-fetch.test'],
  },
]
