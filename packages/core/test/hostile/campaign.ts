import { cutBodies, type SpoiltBody, wrongFields } from './derived.ts'
import { THEMES } from './inputs.ts'
import { PROPERTIES } from './properties.ts'
import type { HostileInput } from './scene.ts'
import { Stage } from './stage.ts'

/** One line of the table: everything but `tried` should be 0. */
export interface Row {
  what: string
  /** Inputs, each played bare and wrapped. */
  tried: number
  /** Clients that noticed us. */
  harmed: number
  /** Requests, and accounts, that break the law. */
  lawless: number
  /** Private texts found in what was recorded, exported or logged, and log lines that were forged. */
  leaks: number
  /** Counts that nobody had sent. */
  invented: number
  /** The first thing that was found. */
  found: string | null
}

type Finds = Omit<Row, 'what'>

const nothing = (): Finds => ({ tried: 0, harmed: 0, lawless: 0, leaks: 0, invented: 0, found: null })

/** Every input of the tables and everything derived from the fixtures once, every property so many times. */
export async function* campaign(options: { numRuns: number; seed: number }): AsyncGenerator<Row> {
  for (const [theme, inputs] of Object.entries(THEMES)) yield row(theme, (stage, finds) => tables(inputs, stage, finds))
  yield row('wrong values in every field', (stage, finds) => derived(wrongFields(), stage, finds))
  yield row('cut after every byte', (stage, finds) => derived(cutBodies(), stage, finds))
  for (const property of PROPERTIES)
    yield row(`property: ${property.name}`, async (stage, finds) => {
      await property.run(stage, options).catch((error: Error) => note(finds, 'harmed', error.message))
      finds.tried = stage.played
    })
}

async function row(what: string, run: (stage: Stage, finds: Finds) => Promise<void>): Promise<Row> {
  const stage = new Stage()
  const finds = nothing()
  await run(stage, finds)
  const { law, leaks, dirty } = await stage.close()
  if (law !== null) note(finds, 'lawless', law)
  for (const leak of [...leaks, ...dirty]) note(finds, 'leaks', leak)
  return { what, ...finds }
}

function note(finds: Finds, kind: 'harmed' | 'lawless' | 'leaks' | 'invented', found: string): void {
  finds[kind]++
  finds.found ??= found
}

async function tables(inputs: readonly HostileInput[], stage: Stage, finds: Finds): Promise<void> {
  for (const input of inputs) {
    finds.tried++
    const { harm, law } = await stage.play(input)
    if (harm !== null) note(finds, 'harmed', `${input.name}: ${harm}`)
    if (law !== null) note(finds, 'lawless', `${input.name}: ${law}`)
  }
}

async function derived(bodies: Iterable<SpoiltBody>, stage: Stage, finds: Finds): Promise<void> {
  for (const { name, body, contentType, fault } of bodies) {
    finds.tried++
    const harm = await stage.pass(body, contentType)
    const invented = fault()
    if (harm !== null) note(finds, 'harmed', `${name}: ${harm}`)
    if (invented !== null) note(finds, 'invented', `${name}: ${invented}`)
  }
}
