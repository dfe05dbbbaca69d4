/** Longer texts have no shape of their own: one event mostly is shorter. */
const LONGEST = 2048
/** Nor have texts with more values. */
const MOST_VALUES = 64
/** Shapes that are kept of the events in which the same is looked for. */
const MOST_SHAPES = 16

const TEXT_CHARACTERS = String.raw`[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*`
const NUMBER = String.raw`[\d.eE+-]+`

/**
 * What events have in common that differ in nothing but the values of some keys: the same keys, at the same places. Where one
 * of them told nothing and the keys with these values are not watched, none tells anything.
 *
 * It holds no such value: what one stream taught serves the others.
 */
export class Shape {
  /** The same for events of the same shape. */
  readonly name: string
  readonly #pattern: RegExp

  /** @param fixed the texts between the values that may differ */
  constructor(fixed: readonly string[]) {
    this.name = nameOf(fixed)
    const [first = '', ...rest] = fixed
    const last = fixed.slice(0, -1)
    const values = rest.map((text, index) => (last[index]?.endsWith('"') ? TEXT_CHARACTERS : NUMBER) + literal(text))
    this.#pattern = new RegExp(`(?:${literal(first)}${values.join('')})+`, 'y')
  }

  /** Index after all events of this shape that follow each other from `from` on; -1 when none begins there. */
  endOf(text: string, from: number): number {
    this.#pattern.lastIndex = from
    return this.#pattern.test(text) ? this.#pattern.lastIndex : -1
  }
}

/** Shapes of events that told nothing to those who look for the same. To make one takes as long as to search a hundred events. */
export class Shapes {
  readonly #shapes: Shape[] = []

  /** The shape of the event that begins at `from`, if it is one of these. */
  find(text: string, from: number): Shape | undefined {
    return this.#shapes.find((shape) => shape.endOf(text, from) !== -1)
  }

  /** The youngest comes first, for it is the likeliest; past the limit the oldest leaves. */
  add(shape: Shape): void {
    if (this.#shapes.some(({ name }) => name === shape.name)) return
    this.#shapes.unshift(shape)
    this.#shapes.length = Math.min(this.#shapes.length, MOST_SHAPES)
  }
}

/**
 * The text of an event without the values that may differ: what lies between them.
 *
 * @param watched keys whose values may not differ
 * @returns `null` for a text that is too long, or none of JSON
 */
export function fixedParts(text: string, watched: ReadonlySet<string>): string[] | null {
  return text.length > LONGEST ? null : partsOf(text, watched)
}

/** Of what lies between the values of an event: the same for all events of its shape. */
export function nameOf(fixed: readonly string[]): string {
  return fixed.join('\0')
}

/** Matches just this text. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

const TEXT = `"${TEXT_CHARACTERS}"`
/** A text; if it is a key, with what comes before its value, and with the value where that is a text or a number. */
const MEMBER = new RegExp(String.raw`${TEXT}(?:(: ?)(${TEXT}|-?\d[\d.eE+-]*))?`, 'g')

function partsOf(text: string, watched: ReadonlySet<string>): string[] | null {
  const parts: string[] = []
  let from = 0
  let looked = 0
  MEMBER.lastIndex = 0
  for (let found = MEMBER.exec(text); found; found = MEMBER.exec(text)) {
    const [member, colon, value] = found
    if (text.slice(looked, found.index).includes('"')) return null
    looked = MEMBER.lastIndex
    if (colon === undefined || value === undefined) continue
    const key = member.slice(1, -1 - colon.length - value.length)
    if (key.includes('\\') || watched.has(key)) continue
    const quote = value.startsWith('"') ? 1 : 0
    parts.push(text.slice(from, looked - value.length + quote))
    from = looked - quote
  }
  if (text.slice(looked).includes('"') || parts.length > MOST_VALUES) return null
  return [...parts, text.slice(from)]
}
