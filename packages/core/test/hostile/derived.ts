import { inventedCount, readingOf, type TrueCounts, trueCounts } from './counts.ts'
import { mutationsOf, textOf, type WireBody, wireBodiesOfFixtures } from './mutations.ts'

/** A body that was made from a fixture by spoiling it. */
export interface SpoiltBody {
  name: string
  contentType: string
  body: string
  /** What a reading of it must be, `null` when it is. */
  fault(): string | null
}

/** Every field that a format reads, and every other, with every wrong value in its place. */
export function* wrongFields(): Generator<SpoiltBody> {
  for (const fixture of wireBodiesOfFixtures()) {
    const sent = trueCounts(fixture)
    for (const { possible, ...mutation } of mutationsOf(fixture)) {
      const fault = (): string | null => (possible ? null : faultOf(mutation.body, mutation.contentType, sent))
      yield { ...mutation, fault }
    }
  }
}

/** One document and one stream of every format, cut short after every byte. */
export function* cutBodies(): Generator<SpoiltBody> {
  const seen = new Set<string>()
  for (const fixture of wireBodiesOfFixtures()) {
    const kind = fixture.file.replace(/\/.*\./, ' ')
    if (seen.has(kind)) continue
    seen.add(kind)
    yield* cutsOf(fixture)
  }
}

function* cutsOf(fixture: WireBody): Generator<SpoiltBody> {
  const { file, contentType, pieces } = fixture
  const sent = trueCounts(fixture)
  const whole = textOf(pieces)
  const isDocument = file.endsWith('.json')
  for (let length = 0; length < whole.length; length++) {
    const body = whole.slice(0, length)
    const broken = isDocument && body.trim() !== whole.trim()
    const fault = (): string | null =>
      broken && readingOf(body, contentType).lines.length > 0
        ? 'reads a document of which the end is missing'
        : faultOf(body, contentType, sent)
    yield { name: `${file} cut after ${length} bytes`, contentType, body, fault }
  }
}

function faultOf(body: string, contentType: string, sent: TrueCounts): string | null {
  const reading = readingOf(body, contentType)
  if ((reading.reason === null) !== reading.lines.length > 0) return `${reading.lines.length} lines, ${reading.reason}`
  return inventedCount(reading, sent)
}
