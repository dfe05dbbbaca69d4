import { readdirSync, readFileSync } from 'node:fs'

/** A recorded-like body, cut where its events end. */
export interface WireBody {
  /** `'openai-chat/stream.sse'`. */
  file: string
  contentType: string
  pieces: readonly Piece[]
}

/** Text that is kept, or the JSON of one event. */
export interface Piece {
  text: string
  /** `undefined` for what is no JSON. */
  event: unknown
}

const FIXTURES = new URL('../fixtures/', import.meta.url)
const CONTENT_TYPES: Record<string, string> = {
  json: 'application/json',
  'json-array': 'application/json',
  ndjson: 'application/x-ndjson',
  sse: 'text/event-stream',
}

/** Every body of the format fixtures. */
export function wireBodiesOfFixtures(): WireBody[] {
  return readdirSync(FIXTURES, { recursive: true })
    .map(String)
    .filter((file) => /\.(json|json-array|ndjson|sse)$/.test(file) && !file.endsWith('expected.json'))
    .toSorted()
    .map((file) => {
      const kind = file.split('.').at(-1) ?? ''
      const text = readFileSync(new URL(file, FIXTURES), 'utf8')
      return { file, contentType: CONTENT_TYPES[kind] ?? '', pieces: piecesOf(kind, text) }
    })
}

/** Line by line, or the document whole. */
function piecesOf(kind: string, text: string): Piece[] {
  if (kind === 'json') return [{ text, event: parsed(text) }]
  return text.split(/(?<=\n)|(?<=^data: )/m).map((line) => ({ text: line, event: parsed(line) }))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('')
}

/** What stands where a number, a text or an object should: JSON text, so that it may say what no value can. */
const WRONG_VALUES: readonly string[] = [
  ...['"a text"', '""', '"NaN"', '"7"', '"-7"', '-1', '0.5', '1e308', '-1e308', '1e400', '9007199254740993'],
  ...['null', 'true', 'false', '[]', '[7,7]', '{}', '{"a":{"b":7}}', '{"__proto__":{"prompt_tokens":7777}}'],
]

/** One value in the place of another. */
export interface Mutation {
  /** `'openai-chat/whole.json usage.prompt_tokens = "NaN"'`. */
  name: string
  contentType: string
  body: string
  /** A value of the same kind, or none at all: what comes of it is a document that a provider might send. */
  possible: boolean
}

/** The body with every node of every event, branch or leaf, replaced by each wrong value in turn. */
export function* mutationsOf({ file, contentType, pieces }: WireBody): Generator<Mutation> {
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece.event !== 'object' || piece.event === null) continue
    for (const path of pathsOf(piece.event)) {
      for (const value of WRONG_VALUES) {
        const possible = isPossible(valueAt(piece.event, path), JSON.parse(value))
        const text = `${withValue(piece.event, path, value)}${piece.text.endsWith('\n') ? '\n' : ''}`
        yield {
          name: `${file} event ${at}: ${path.join('.') || 'all of it'} = ${value}`,
          contentType,
          body: textOf(pieces.with(at, { text, event: undefined })),
          possible,
        }
      }
    }
  }
}

function isPossible(value: unknown, other: unknown): boolean {
  if (other === null) return true
  return typeof value === typeof other && Array.isArray(value) === Array.isArray(other) && typeof value !== 'number'
}

type Path = readonly string[]

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], value)
}

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [name, entry] of Object.entries(value)) yield* pathsOf(entry, [...path, name])
}

const HOLE = '\u0001hole'

/** JSON with the node at the path written as this JSON text. */
export function withValue(event: unknown, path: Path, json: string): string {
  return JSON.stringify(replaced(event, path)).replace(JSON.stringify(HOLE), () => json)
}

function replaced(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return HOLE
  if (Array.isArray(value)) return value.with(Number(step), replaced(value[Number(step)], rest))
  const object = value as Record<string, unknown>
  return { ...object, [step]: replaced(object[step], rest) }
}
