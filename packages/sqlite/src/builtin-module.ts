/**
 * A module of the runtime, `undefined` where it has none of this name. Asked for by name at run time, so that no bundler
 * has to know it, renames it or packs it.
 */
export function builtinModule<Name extends keyof BuiltinModules>(name: Name): BuiltinModules[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as BuiltinModules[Name] | undefined
}

interface BuiltinModules {
  'node:sqlite': typeof import('node:sqlite')
  'node:worker_threads': typeof import('node:worker_threads')
}
