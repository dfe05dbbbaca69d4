import type { AccountBucket, Recorder, RecorderStats, UsageRecord, UsageStore } from '@withusage/core'
import { answers } from './answers.ts'
import type { Handlers } from './handler.ts'
import { requests } from './requests.ts'
import { runOf } from './run.ts'
import { streams } from './streams.ts'

const HANDLERS = { ...answers, ...streams, ...requests }

/** What a client of the suite may ask for. */
export type HandlerName = keyof typeof HANDLERS

export interface ScenarioServerOptions {
  recorder: Recorder
  store: UsageStore
  /** What metering reported (`onError`): nothing in the suite gives it a reason to. */
  errors?: readonly unknown[]
}

/** Mount `scenario` bare under `/bare`, metered under `/metered`, and `control`, never metered, under `/control`. */
export interface ScenarioServer {
  /** Serves `…/<name>/v1/chat/completions`, whatever comes before. */
  scenario(request: Request): Promise<Response>
  /** Serves `…/control/…`: witnesses, releases and the account. */
  control(request: Request): Promise<Response>
  /** The books, with all records: for a server's last words. */
  books(): Promise<AccountReport>
}

/** The account as the control route tells it. */
export interface AccountReport {
  stats: RecorderStats
  stored: AccountBucket[]
  /** Records whose correlation id begins as asked; all, when nothing is asked. */
  records: UsageRecord[]
  errors: string[]
}

/** The server's half of `testAdapter`: pure Fetch, for any runtime. */
export function scenarioServer(options: ScenarioServerOptions): ScenarioServer {
  return { scenario, control: (request) => control(request, options), books: () => account('', options) }
}

async function scenario(request: Request): Promise<Response> {
  const name = /\/([a-z-]+)\/v1\/chat\/completions$/.exec(new URL(request.url).pathname)?.[1] ?? ''
  const handler = (HANDLERS as Handlers)[name]
  if (!handler) return new Response(`no scenario ${name}`, { status: 404 })
  const run = runOf(request.headers.get('x-request-id') ?? 'unnamed')
  run.witness.entered = true
  run.request = request
  return handler(request, run)
}

async function control(request: Request, options: ScenarioServerOptions): Promise<Response> {
  const [what, id = ''] = new URL(request.url).pathname.replace(/^.*\/control\//, '').split('/')
  if (what === 'account') return Response.json(await account(id, options))
  if (what === 'release') runOf(id).release()
  const { witness, request: seen } = runOf(id)
  return Response.json({ ...witness, requestRead: seen?.bodyUsed ?? false })
}

async function account(stem: string, { recorder, store, errors = [] }: ScenarioServerOptions): Promise<AccountReport> {
  const always = { from: new Date(0), to: new Date('2100-01-01') }
  await recorder.flush()
  const stats = recorder.stats()
  const stored = await store.account({ ...always, bucket: null })
  const { records } = await store.records({ ...always, limit: 10_000 })
  return {
    stats,
    stored,
    records: records.filter(({ correlationId }) => stem === '' || correlationId?.startsWith(`${stem}.`)),
    errors: errors.map(String),
  }
}
