/** An object at which every look throws the error. */
export function throwing(error: unknown): object {
  const broken = (): never => {
    throw error
  }
  return new Proxy({}, { get: broken, has: broken, ownKeys: broken, getOwnPropertyDescriptor: broken })
}

/** The object with a `then` of this kind, which may be no function. */
export function thenable<T extends object>(then: unknown, object: T): T {
  return Object.defineProperty(object, 'then', { value: then, enumerable: true })
}
