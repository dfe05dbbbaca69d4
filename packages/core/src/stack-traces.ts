/**
 * Runs something whose errors are answers, and expected. On V8 the trace is most of what an error costs, microseconds
 * each. Elsewhere, and where the limit may not be changed, it just runs.
 */
export function withoutStackTraces<T>(run: () => T): T {
  const errors: { stackTraceLimit?: number } = Error
  const { stackTraceLimit } = errors
  if (!setLimit(0)) return run()
  try {
    return run()
  } finally {
    setLimit(stackTraceLimit)
  }
}

function setLimit(limit: number | undefined): boolean {
  return Object.hasOwn(Error, 'stackTraceLimit') && Reflect.set(Error, 'stackTraceLimit', limit)
}
