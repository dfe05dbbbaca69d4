import type { Replay } from '../types.ts'
import { defineFormat } from './format.ts'
import { readOpenAiLines } from './openai-usage.ts'
import { object, text, unixTime, type Wire } from './wire.ts'

interface RunSeen {
  model: string | null
  runId: string | null
  createdAt: Date | null
  ended: boolean
  usage: Wire | null
}

const NOTHING_SEEN: RunSeen = { model: null, runId: null, createdAt: null, ended: false, usage: null }

/** States in which a run is still worked on. Any other is its last. */
const WORKING: readonly unknown[] = ['queued', 'in_progress', 'requires_action', 'cancelling']

/**
 * OpenAI assistants: runs of `POST /v1/threads/runs` and `/v1/threads/{thread_id}/runs`, made, streamed or fetched.
 *
 * A run has usage once it has ended, and may be fetched again and again. Its steps tell their part of it, which is not
 * added, and a list of runs tells nothing new. Of the details, which are documented nowhere, those in chat's spelling
 * are read; `prompt_token_details` stays in `raw`.
 *
 * @see https://platform.openai.com/docs/api-reference/runs/object
 */
export const openaiThreads = defineFormat<RunSeen>({
  name: 'openai-threads',
  operation: 'chat',
  matches: ({ data }) => /^thread(\.|$)/.test(text(object(data)?.object) ?? ''),
  start: () => NOTHING_SEEN,
  read(seen, { data }) {
    const run = object(data)
    return run?.object === 'thread.run' ? readRun(seen, run) : seen
  },
  finish(seen) {
    const { model, runId, usage } = seen
    const lines = readOpenAiLines(usage && documented(usage), { model, final: true })
    return { model, responseId: runId, lines, raw: lines.length > 0 ? usage : null, replay: replayOf(seen) }
  },
})

function readRun(seen: RunSeen, run: Wire): RunSeen {
  const ended = !WORKING.includes(run.status)
  return {
    model: text(run.model) ?? seen.model,
    runId: seen.runId ?? text(run.id),
    createdAt: seen.createdAt ?? unixTime(run.created_at),
    ended,
    usage: (ended ? object(run.usage) : null) ?? seen.usage,
  }
}

function documented({ prompt_token_details: _undocumented, ...usage }: Wire): Wire {
  return usage
}

function replayOf({ runId, createdAt, ended }: RunSeen): Replay | null {
  return runId === null ? null : { key: `openai-threads:${runId}`, createdAt, billable: ended }
}
