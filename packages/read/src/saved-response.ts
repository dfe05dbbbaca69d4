import type { Source } from './source.ts'

/** One response as it was saved. What was not saved with it has the value that says least. */
export interface SavedResponse {
  /** What it is called in the output: the path of its request in a HAR; `null` when it is the only one. */
  name: string | null
  method: string
  /** `null` when it is not known. */
  url: string | null
  status: number
  headers: Headers
  /** Its decoded bytes, to be read once. */
  body: AsyncIterable<Uint8Array>
  /** What had to be undone to read it, or is missing: `'curl -i: HTTP/2 200'`. */
  notes: readonly string[]
}

/** What is known of a response that was saved without its head. */
export interface Given {
  url?: string
  headers?: Headers
}

/** One way in which responses are saved. */
export interface SavedForm {
  /** `'HAR'`. */
  name: string
  begins(head: Uint8Array): boolean
  responses(source: Source, given: Given): AsyncIterable<SavedResponse>
}
