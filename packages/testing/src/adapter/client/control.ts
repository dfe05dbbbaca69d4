import { vi } from 'vitest'
import type { Witness } from '../server/run.ts'
import type { AccountReport } from '../server/scenario-server.ts'

/** How long something that must come may take. */
export const PATIENCE = { timeout: 8_000, interval: 15 }

/** The control route beside a base URL. */
export class Control {
  readonly #url: URL

  constructor(base: string) {
    this.#url = new URL('control/', base.replace(/\/+$/, ''))
  }

  witness(run: string): Promise<Witness> {
    return this.#ask(`witness/${run}`)
  }

  /** Lets the handler of that run go on. */
  async release(run: string): Promise<void> {
    await this.#ask(`release/${run}`)
  }

  account(stem: string): Promise<AccountReport> {
    return this.#ask(`account/${stem}`)
  }

  /** Waits until the handler's side has seen this. */
  until(run: string, seen: (witness: Witness) => boolean): Promise<Witness> {
    return vi.waitFor(async () => {
      const witness = await this.witness(run)
      if (!seen(witness)) throw new Error(`${run} has not come that far: ${JSON.stringify(witness)}`)
      return witness
    }, PATIENCE)
  }

  async #ask<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, this.#url), { cache: 'no-store' })
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`)
    return (await response.json()) as T
  }
}
