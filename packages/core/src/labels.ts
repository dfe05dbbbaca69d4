/** Bounds the values of one label: the first `capacity` distinct values keep their name, later ones become `other`. */
export class LabelSet {
  readonly #capacity: number
  readonly #values = new Set<string>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  bound(value: string): string {
    if (this.#values.has(value)) return value
    if (this.#values.size >= this.#capacity) return 'other'
    this.#values.add(value)
    return value
  }
}
