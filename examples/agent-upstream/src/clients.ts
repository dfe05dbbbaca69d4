import Anthropic from '@anthropic-ai/sdk'
import type { Fetch } from '@withusage/core'
import OpenAI from 'openai'

export interface Clients {
  openai: OpenAI
  anthropic: Anthropic
}

/** Two providers' own clients, which find keys and addresses in the environment. */
export function clientsOver(fetch: Fetch): Clients {
  return { openai: new OpenAI({ fetch }), anthropic: new Anthropic({ fetch }) }
}
