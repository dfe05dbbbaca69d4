/** Longer texts have no shape of their own: one event mostly is shorter. */
const LONGEST = 2048
/** Nor have texts with more values. */
const MOST_VALUES = 32
/** Shapes that are kept of the events in which the same is looked for. */
const MOST_OF_A_WATCH = 8
/** Shapes that a process keeps. The largest take a quarter of a megabyte each, most a twentieth of that. */
const MOST_OF_ALL = 64

const TEXT_CHARACTERS = String.raw`[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*`
const NUMBER = String.raw`[\d.eE+-]+`

/**
 * What events have in common that differ in nothing but the values of some keys: the same keys, at the same places. Where one
 * of them told nothing and the keys with these values are not watched, none tells anything.
 *
 * It holds keys and the values of those that are watched, and nothing else that a stream has said: so it serves the others.
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
    return endOf(this.#pattern, text, from)
  }
}

/** Shapes of events that told nothing to those who look for the same. To make one takes up to a millisecond. */
export class Shapes {
  #shapes: readonly Shape[] = []

  /** The shape of the event that begins at `from`, if it is one of these, and where the events of that shape end. */
  find(text: string, from: number): { shape: Shape; end: number } | null {
    for (const shape of this.#shapes) {
      const end = shape.endOf(text, from)
      if (end !== -1) return { shape, end }
    }
    return null
  }

  /** The youngest comes first, for it is the likeliest. Past the limits the oldest leave. */
  add(shape: Shape): void {
    if (this.#shapes.some(({ name }) => name === shape.name)) return
    this.#shapes = [shape, ...this.#shapes].slice(0, MOST_OF_A_WATCH)
    all.unshift({ shape, shapes: this })
    const oldest = all.length > MOST_OF_ALL ? all.pop() : undefined
    if (oldest) oldest.shapes.#forget(oldest.shape)
  }

  #forget(shape: Shape): void {
    this.#shapes = this.#shapes.filter((one) => one !== shape)
  }
}

/** Those of all watches, the youngest first. */
const all: { shape: Shape; shapes: Shapes }[] = []

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
/** Before the JSON of a message. */
const HEAD = /(?:event: ?[\w.-]*\r?\n)?(?:data: ?)?/y
const BETWEEN = String.raw`(?:[\s{}[\],]|true|false|null)*`
const END = new RegExp(`${BETWEEN}$`, 'y')
/** A text and what comes before it; if it is a key, what comes before its value, and the value if that is a text or a number. */
const MEMBER = new RegExp(String.raw`${BETWEEN}(${TEXT})(?:(: ?)(${TEXT}|-?\d[\d.eE+-]*)?)?`, 'y')

/** What belongs to no key may be anything that was said: no event that has such a text or number has a shape. */
function partsOf(text: string, watched: ReadonlySet<string>): string[] | null {
  const parts: string[] = []
  let from = 0
  let looked = endOf(HEAD, text, 0)
  MEMBER.lastIndex = looked
  for (let found = MEMBER.exec(text); found; found = MEMBER.exec(text)) {
    const [, name = '', colon, value] = found
    if (colon === undefined) return null
    looked = MEMBER.lastIndex
    const key = name.slice(1, -1)
    if (value === undefined || key.includes('\\') || watched.has(key)) continue
    const quote = value.startsWith('"') ? 1 : 0
    parts.push(text.slice(from, looked - value.length + quote))
    from = looked - quote
  }
  if (endOf(END, text, looked) === -1 || parts.length > MOST_VALUES) return null
  return [...parts, text.slice(from)]
}

/** Index after what the pattern takes from there on; -1 when that is nothing of its kind. */
function endOf(sticky: RegExp, text: string, from: number): number {
  sticky.lastIndex = from
  return sticky.test(text) ? sticky.lastIndex : -1
}
