import { ArgumentError, type Provider } from '../arguments.ts'
import type { Upstream } from './upstream.ts'

type Environment = Record<string, string | undefined>

/**
 * The real provider, from the variables that its own client reads.
 *
 * @throws ArgumentError when its key is missing.
 */
export function realUpstream(provider: Exclude<Provider, 'mock'>, environment: Environment): Upstream {
  return { openai, anthropic, ollama }[provider](environment)
}

function openai(environment: Environment): Upstream {
  const base = environment.OPENAI_BASE_URL || 'https://api.openai.com/v1'
  return {
    ...upstream('openai', base, (path) => (path.startsWith('/v1/') && path !== '/v1/messages' ? path.slice(3) : null)),
    credentials: { authorization: `Bearer ${required(environment, 'OPENAI_API_KEY', 'openai')}` },
    models: {
      openai: environment.OPENAI_MODEL || 'gpt-5.4-mini',
      openaiEmbedding: environment.OPENAI_EMBEDDING_MODEL || 'text-embedding-3-small',
    },
  }
}

function anthropic(environment: Environment): Upstream {
  const base = environment.ANTHROPIC_BASE_URL || 'https://api.anthropic.com'
  return {
    ...upstream('anthropic', base, (path) => (path === '/v1/messages' ? path : null)),
    credentials: { 'x-api-key': required(environment, 'ANTHROPIC_API_KEY', 'anthropic') },
    models: { anthropic: environment.ANTHROPIC_MODEL || 'claude-haiku-4-5' },
  }
}

function ollama(environment: Environment): Upstream {
  return {
    ...upstream('ollama', ollamaBase(environment.OLLAMA_HOST || '127.0.0.1'), (path) =>
      path.startsWith('/api/') ? path : null,
    ),
    credentials: {},
    models: {
      ollama: environment.OLLAMA_MODEL || 'llama3.2',
      ollamaEmbedding: environment.OLLAMA_EMBEDDING_MODEL || 'nomic-embed-text',
    },
  }
}

function upstream(provider: Provider, base: string, route: (path: string) => string | null) {
  if (!URL.canParse(base)) throw new ArgumentError(`"${base}" is not a URL`)
  const url = (path: string) => {
    const target = route(path)
    return target && base.replace(/\/+$/, '') + target
  }
  return { name: new URL(base).host, provider, url, close: async () => {} }
}

/** `OLLAMA_HOST` is also where `ollama serve` listens: a bare host, `:port`, or all interfaces. */
function ollamaBase(host: string): string {
  const url = host.includes('://') ? host : `http://${host.startsWith(':') ? `127.0.0.1${host}` : host}`
  const port = /:\d+\/*$/.test(url) || host.includes('://') ? '' : ':11434'
  return url.replace('//0.0.0.0', '//127.0.0.1') + port
}

function required(environment: Environment, name: string, provider: Provider): string {
  const value = environment[name]
  if (!value) throw new ArgumentError(`--provider ${provider} needs ${name}; without --provider no key is needed`)
  return value
}
