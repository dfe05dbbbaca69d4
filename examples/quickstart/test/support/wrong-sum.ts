import { registerHooks } from 'node:module'

/** Preloaded, makes the aggregate one too high in one column: `wrong-sum.ts?column=outputTokens`. Records stay right. */
const column = new URL(import.meta.url).searchParams.get('column')

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('/sqlite/src/aggregate.ts')) return nextLoad(url, context)
    return { format: 'module', shortCircuit: true, source: lyingModule(`${url}?original`) }
  },
})

const lyingModule = (original: string) => `
  import { aggregate as original } from '${original}'
  export function aggregate(driver, plan) {
    return original(driver, plan).map((bucket) => ({ ...bucket, ${column}: bucket.${column} + 1 }))
  }
`
