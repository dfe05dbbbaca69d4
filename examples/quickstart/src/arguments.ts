import { parseArgs } from 'node:util'

const PROVIDERS = ['mock', 'openai', 'anthropic', 'ollama'] as const
export type Provider = (typeof PROVIDERS)[number]

export interface Arguments {
  help: boolean
  /** Ends after the first round of traffic, with the file checked, instead of staying up. */
  once: boolean
  provider: Provider
  /** 0 takes any free port. */
  port: number
  /** `null`: a new file in the directory for temporary files. */
  db: string | null
}

/** The command line cannot be understood; the message is for its author. */
export class ArgumentError extends Error {}

export const HELP = `A metering proxy, from nothing: real clients, real requests, one usage record each in a SQLite file.

  npx -y pnpm@12.21.0 start [options]

  --once              end after the first round and check the file against what the clients were told
  --provider <name>   mock (default, needs no key), openai, anthropic or ollama
  --port <number>     listen here (default: any free port); always on 127.0.0.1 only
  --db <path>         write to this file (default: a new one in the directory for temporary files)
  --help              show this

  openai      OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, OPENAI_EMBEDDING_MODEL
  anthropic   ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL
  ollama      OLLAMA_HOST, OLLAMA_MODEL, OLLAMA_EMBEDDING_MODEL`

/** @throws ArgumentError */
export function readArguments(argv: readonly string[]): Arguments {
  const { help, once, provider, port, db } = parse(argv)
  return { help, once, provider: readProvider(provider), port: readPort(port), db: readPath(db) }
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: argv.filter((argument) => argument !== '--'),
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        once: { type: 'boolean', default: false },
        provider: { type: 'string', default: 'mock' },
        port: { type: 'string', default: '0' },
        db: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error))
  }
}

function readProvider(name: string): Provider {
  const provider = PROVIDERS.find((known) => known === name)
  if (provider === undefined) throw new ArgumentError(`--provider is one of ${PROVIDERS.join(', ')}, not "${name}"`)
  return provider
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new ArgumentError(`--port is a number up to 65535, not "${text}"`)
  return port
}

function readPath(path: string | undefined): string | null {
  if (path === '') throw new ArgumentError('--db needs the path of a file')
  return path ?? null
}
