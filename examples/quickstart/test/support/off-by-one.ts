import { registerHooks } from 'node:module'

/**
 * Preloaded, makes one wire format read one input token too many: `off-by-one.ts?file=openai-chat&name=openaiChat`.
 * With `&field=final` it says of every count that it is final instead. The sources stay as they are.
 */
const { file, name, field } = Object.fromEntries(new URL(import.meta.url).searchParams)

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith(`/core/src/formats/${file}.ts`)) return nextLoad(url, context)
    return { format: 'module', shortCircuit: true, source: lyingModule(`${url}?original`) }
  },
})

const lie = field === 'final' ? 'final: true' : 'inputTokens: line.inputTokens + 1'

/** Its own export hides the one of the same name that `export *` brings. */
const lyingModule = (original: string) => `
  import { ${name} as original } from '${original}'
  export * from '${original}'
  export const ${name} = {
    ...original,
    finish(seen) {
      const reading = original.finish(seen)
      return { ...reading, lines: reading.lines.map((line) => ({ ...line, ${lie} })) }
    },
  }
`
