import { curlOutput } from './curl.ts'
import { curlVerbose } from './curl-verbose.ts'
import { decoded } from './decoded.ts'
import { har } from './har.ts'
import { rawBody } from './raw-body.ts'
import type { Given, SavedForm, SavedResponse } from './saved-response.ts'
import { openSource } from './source.ts'

/** A body alone is anything, so it comes last. */
const FORMS: readonly SavedForm[] = [curlOutput, curlVerbose, har, rawBody]

/** The responses in a file, which may itself be compressed. */
export async function* savedResponses(
  file: AsyncIterable<Uint8Array>,
  given: Given = {},
): AsyncGenerator<SavedResponse> {
  const { source, coding } = await decoded(await openSource(file), given.headers?.get('content-encoding'))
  const form = FORMS.find(({ begins }) => begins(source.head)) ?? rawBody
  for await (const response of form.responses(source, given))
    yield coding ? { ...response, notes: [`${coding} decoded`, ...response.notes] } : response
}
