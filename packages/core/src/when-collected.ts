let registry: FinalizationRegistry<() => void> | undefined

/** Calls back some time after nobody holds the object any more; `then` must not hold it. Some platforms never tell. */
export function whenCollected(object: object, then: () => void): void {
  if (typeof FinalizationRegistry === 'undefined') return
  registry ??= new FinalizationRegistry((told) => told())
  registry.register(object, then)
}
