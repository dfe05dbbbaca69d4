import type { WatchedKey } from '../formats/format.ts'
import { literal, Shapes } from './shape.ts'

/**
 * What every format wants to see: an error, the end mark, and an escape that may stand for a letter of a key. Bare words,
 * which may be found where they mean nothing: then an event is parsed for nothing.
 */
const ALWAYS = ['"error"(?!: ?null[,}\\]])', '"(?:type|object)": ?"error"', 'event: ?error', '\\[DONE\\]', '\\\\u00']

/** The keys of those. */
const ALWAYS_KEYS = ['error', 'type', 'object']

/** How events follow each other: in messages that a blank line ends, or in lines. */
export type Framing = 'sse' | 'ndjson'

/** Finds watched keys in the text of events that are not parsed. It may find one that is none, and never misses one. */
export interface Watch {
  pattern: RegExp
  /** Keys whose values decide whether something is found. */
  keys: ReadonlySet<string>
  /** Shapes of events in which nothing is found, of all streams that look for this: where a line ends, a message may go on. */
  shapes: Readonly<Record<Framing, Shapes>>
}

/** A compiled pattern is kilobytes, and the streams of a process look for the same few keys. */
const MOST_WATCHES = 100
const watches = new Map<string, Watch>()

/** Of arrays that formats give again and again. */
const known = new WeakMap<readonly WatchedKey[], { others: readonly WatchedKey[]; watch: Watch }>()

/** Streams that look for the same share a watch: its pattern is set before each use. */
export function watchFor(keys: readonly WatchedKey[], others: readonly WatchedKey[]): Watch {
  const last = known.get(keys)
  if (last?.others === others) return last.watch
  const watch = sharedWatch([...keys, ...others])
  known.set(keys, { others, watch })
  return watch
}

function sharedWatch(keys: readonly WatchedKey[]): Watch {
  const name = JSON.stringify(keys)
  const shared = watches.get(name)
  if (shared) return shared
  if (watches.size >= MOST_WATCHES) watches.clear()
  const watch = createWatch(keys)
  watches.set(name, watch)
  return watch
}

function createWatch(keys: readonly WatchedKey[]): Watch {
  const alternatives = [...keys.map((key) => `"${literal(key.key)}"${afterName(key)}`), ...ALWAYS]
  return {
    pattern: new RegExp(alternatives.join('|'), 'g'),
    keys: new Set([...keys.map(({ key }) => key), ...ALWAYS_KEYS]),
    shapes: { sse: new Shapes(), ndjson: new Shapes() },
  }
}

function afterName({ unless = [], only }: WatchedKey): string {
  if (only) return `(?!: ?"(?!${only.map(literal).join('|')}))`
  return unless.length > 0 ? `(?!: ?(?:${unless.map(literal).join('|')})[,}\\]])` : ''
}
