import type { ResolvedOptions } from './configuration.ts'
import { codingsOf } from './decode/codings.ts'
import { EncodedBody } from './decode/encoded-body.ts'
import { createMeter } from './meter/create-meter.ts'
import type { Meter, MeterResponse } from './types.ts'

type Limits = Pick<ResolvedOptions, 'maxEventBytes' | 'maxBodyBytes' | 'formats'>

/** The meter of a body as it goes by: one that its header calls compressed may be so, or may be decoded already. */
export function bodyMeter(response: MeterResponse, limits: Limits): Meter {
  const codings = codingsOf(response.headers)
  const open = (headers: Headers): Meter => createMeter({ ...response, headers }, said(limits))
  return codings.length === 0 ? open(response.headers) : new EncodedBody(codings, response.headers, open)
}

function said({ maxEventBytes, maxBodyBytes, formats }: Limits) {
  return {
    ...(maxEventBytes !== undefined && { maxEventBytes }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    ...(formats !== undefined && { formats }),
  }
}

/** What is left to decode of a body that has ended; `null` when that is nothing. */
export function leftToDecode(meter: Meter | null): Promise<void> | null {
  return meter instanceof EncodedBody ? meter.finish() : null
}
