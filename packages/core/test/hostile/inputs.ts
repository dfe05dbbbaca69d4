import { handlers } from './inputs-handlers.ts'
import { heads } from './inputs-heads.ts'
import { said } from './inputs-said.ts'
import { streams } from './inputs-streams.ts'
import { wireBodies } from './inputs-wire.ts'
import type { HostileInput } from './scene.ts'

/** Every input of the tables, by theme. Inputs that are derived from fixtures are in `fields.ts` and `cuts.ts`. */
export const THEMES: Readonly<Record<string, readonly HostileInput[]>> = {
  'wire bodies': wireBodies,
  streams,
  'headers, ids, names': heads,
  handlers,
  'identities and stamps': said,
}
