/** What the suite's impatient server has as its `idleTimeoutMs`. */
export const IDLE_TIMEOUT_MS = 600
