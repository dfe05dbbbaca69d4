import { defineConfig } from 'vitest/config'

/** What `pnpm test` leaves out for its time: the endings under every framework on every runtime. */
export default defineConfig({
  test: {
    name: 'runtimes',
    root: 'runtime-tests',
    include: ['crossed/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
