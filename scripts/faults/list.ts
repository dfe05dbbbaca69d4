/** One way to break the product. */
export interface Fault {
  name: string
  file: string
  /** Occurs once in the file. */
  find: string
  put: string
  /** Filters of the test files that should see it. */
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
    find: 'return WORD_FIELDS.test(field) && WORD.test(value) ? value : undefined',
    put: 'return value',
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
    this.#idleWatch?.active(performance.now())`,
    put: '  asked(): void {',
    tests: ['test/settling'],
  },
  {
    name: 'nobody is asked who made a request that threw after it was paid for',
    file: 'packages/core/src/exchange.ts',
    find: `    if (hasEvidence(this.#seen)) this.#askIdentity()
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
    find: "if ('Deno' in globalThis) return () => {}",
    put: '',
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
]
