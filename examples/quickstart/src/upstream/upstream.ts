import type { Provider } from '../arguments.ts'
import type { Models } from '../calls/call.ts'

/** Who answers: where its routes are, our key to it, and the models to ask for. */
export interface Upstream {
  /** For messages: `'api.openai.com'`. */
  name: string
  provider: Provider
  /** Where a path of our server goes; `null` when this upstream has no such route. */
  url(path: string): string | null
  /** Headers that carry our own key. */
  credentials: Record<string, string>
  models: Models
  close(): Promise<void>
}
