import { defineConfig } from 'vitest/config'

const project = (name: string, root: string, testTimeout = 20_000) => ({
  test: { name, root, include: ['test/**/*.test.ts'], testTimeout, hookTimeout: testTimeout },
})

/** The packages as a consumer gets them; needs what `pnpm run build` makes. */
const { test: published } = project('package-tests', 'package-tests', 120_000)
const packageTests = { test: { ...published, globalSetup: ['test/support/install.ts'] } }

export default defineConfig({
  test: {
    projects: [
      project('core', 'packages/core'),
      project('sqlite', 'packages/sqlite'),
      project('hono', 'packages/hono'),
      project('express', 'packages/express'),
      project('next', 'packages/next', 240_000),
      project('deno', 'packages/deno', 60_000),
      project('ai-sdk', 'packages/ai-sdk', 60_000),
      project('read', 'packages/read'),
      project('runtime-tests', 'runtime-tests', 240_000),
      project('sdk-tests', 'sdk-tests', 60_000),
      packageTests,
      project('examples/quickstart', 'examples/quickstart', 240_000),
      project('examples/hono-openai-anthropic', 'examples/hono-openai-anthropic', 60_000),
      project('examples/next-chat', 'examples/next-chat', 240_000),
      project('examples/ai-sdk-agent', 'examples/ai-sdk-agent', 240_000),
      project('examples/deno-server', 'examples/deno-server', 60_000),
      project('examples/bun-server', 'examples/bun-server', 60_000),
      project('examples/express-proxy', 'examples/express-proxy', 60_000),
      project('examples/agent-upstream', 'examples/agent-upstream', 60_000),
      project('examples/fastify-proxy', 'examples/fastify-proxy', 60_000),
    ],
  },
})
