import { inspect } from 'node:util'
import { context, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expectAccounted, expectStoredAccount, faultyStore } from '@withusage/testing'
import type { UsageOptions } from '../../src/configuration.ts'
import type { UsageError } from '../../src/errors.ts'
import { processState } from '../../src/process.ts'
import type { UsageRecord } from '../../src/record.ts'
import { createRecorder, type RecorderStats } from '../../src/recorder.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type UsageHandler, withUsage } from '../../src/with-usage.ts'
import { openSdk } from '../support/open-sdk.ts'
import { settled } from '../support/reading.ts'
import { markedRequest, markersIn } from './markers.ts'
import { difference, type HostileInput, observe, type Scene } from './scene.ts'

/** What one play came to. Nothing in it is as it should be: `null`, `null`, and what the account says. */
export interface Played {
  /** What the client noticed. */
  harm: string | null
  /** How the law was broken. */
  law: string | null
  records: UsageRecord[]
  /** `'recorded'`, or a reason. */
  account: string
}

export interface Aftermath {
  law: string | null
  /** Markers found in records, tallies, metrics, spans and logs, each with its place. */
  leaks: string[]
  /** What was logged with a control character in it: a line that a reader would take for two. */
  dirty: string[]
  metrics: Awaited<ReturnType<ReturnType<typeof openSdk>['collect']>>
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be logged.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const CONSOLE = ['debug', 'log', 'info', 'warn', 'error'] as const

/**
 * A real recorder, store and OpenTelemetry SDK on which scenes are played, each bare, wrapped, and wrapped without an
 * `onError`. Everything that is recorded, exported or logged is kept until `close()` searches it.
 */
export class Stage {
  readonly #sdk = openSdk()
  readonly #spans = new InMemorySpanExporter()
  readonly #tracer: Tracer
  readonly #memory = memoryStore()
  readonly #store = faultyStore(this.#memory)
  readonly #errors: UsageError[] = []
  readonly #printed: string[] = []
  // biome-ignore lint/suspicious/noConsole: what is printed is searched.
  readonly #console = CONSOLE.map((method) => [method, console[method]] as const)
  readonly #onError = (error: UsageError): void => void this.#errors.push(error)
  readonly recorder = createRecorder({
    store: this.#store,
    meter: this.#sdk.meter,
    onError: this.#onError,
    batch: { intervalMs: 3_600_000 },
  })

  /** Scenes played so far. */
  played = 0

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spans })] })
    this.#tracer = provider.getTracer('hostile') as Tracer
    for (const method of CONSOLE)
      console[method] = (...said: unknown[]) => void this.#printed.push(said.map((part) => shown(part)).join(' '))
  }

  async play({ scene }: Pick<HostileInput, 'scene'>): Promise<Played> {
    this.played++
    const alone = scene()
    const bare = await observe(alone, alone.handler)
    const first = await this.#wrapped(scene(), { onError: this.#onError })
    processState().warnings.clear()
    const second = await this.#wrapped(scene(), {})
    const harm = difference(bare, first.seen) ?? difference(bare, second.seen)
    const { records, account } = first
    return { harm, law: first.law ?? second.law, records, account }
  }

  async #wrapped(scene: Scene, options: UsageOptions) {
    const before = this.recorder.stats()
    const written = this.#store.attempts.length
    const handler = withUsage(scene.handler as UsageHandler<[Request]>, {
      recorder: this.recorder,
      ...scene.options,
      ...options,
    })
    const seen = await this.#tracer.startActiveSpan('request', async (span) => {
      const seen = await observe(scene, handler)
      span.end()
      return seen
    })
    await settled()
    await this.#accounted(before.inFlight + (scene.staysOpen ? 1 : 0))
    const records = this.#store.attempts.slice(written).flatMap((batch) => batch.records)
    const after = this.recorder.stats()
    return {
      seen,
      records,
      account: accountOf(before, after),
      law: lawOf(() => expectAccounted(this.recorder), after.inFlight - before.inFlight - (scene.staysOpen ? 1 : 0)),
    }
  }

  /** Waits for what is still being decoded. */
  async #accounted(inFlight: number): Promise<void> {
    for (let tries = 0; tries < 2_000; tries++) {
      await this.recorder.flush()
      if (this.recorder.stats().inFlight <= inFlight) return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** Sends a body in one chunk through a handler that is wrapped; the handler's bytes must be the client's. */
  async pass(body: string, contentType: string): Promise<string | null> {
    const sent = new TextEncoder().encode(body)
    const respond = (): Response => new Response(sent, { headers: { 'content-type': contentType } })
    const response = await withUsage(respond, { recorder: this.recorder, onError: this.#onError })(markedRequest())
    const received = new Uint8Array(await response.arrayBuffer())
    return Buffer.compare(sent, received) === 0 ? null : `${sent.length} bytes became ${received.length} others`
  }

  /** Ends it all, and looks for what should not be there. */
  async close(): Promise<Aftermath> {
    for (const [method, original] of this.#console) console[method] = original
    await this.recorder.close({ timeoutMs: 0 })
    const law = await lawOfStore(() => expectStoredAccount(this.recorder, this.#memory))
    const metrics = await this.#sdk.collect()
    const spans = this.#spans
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
    const logged = [...this.#printed, ...this.#errors.map(({ code, message }) => `${message} [${code}]`)]
    const places: [place: string, text: string][] = [
      ['a record or a tally', JSON.stringify(this.#store.attempts)],
      ['a metric', JSON.stringify(metrics)],
      ['a span', JSON.stringify(spans)],
      ['a log', logged.join('\n')],
    ]
    const leaks = places.flatMap(([place, text]) => markersIn(text).map((marker) => `${marker} in ${place}`))
    const dirty = logged.filter((line) => CONTROL.test(line))
    await this.#sdk.provider.shutdown()
    return { law, leaks, dirty, metrics }
  }
}

function shown(part: unknown): string {
  return typeof part === 'string' ? part : inspect(part, { depth: 8 })
}

/** Where the one request went that made the difference. */
function accountOf(before: RecorderStats, after: RecorderStats): string {
  if (after.recorded > before.recorded) return 'recorded'
  const told = (counts: RecorderStats): Record<string, number> => ({ ...counts.unrecorded, ...counts.ignored })
  const [reason] = Object.entries(told(after)).find(([name, count]) => count > (told(before)[name] ?? 0)) ?? ['nothing']
  return reason
}

function lawOf(check: () => void, left: number): string | null {
  if (left !== 0) return `${left} too many in flight`
  try {
    check()
    return null
  } catch (error) {
    return String(error)
  }
}

async function lawOfStore(check: () => Promise<void>): Promise<string | null> {
  try {
    await check()
    return null
  } catch (error) {
    return String(error)
  }
}
