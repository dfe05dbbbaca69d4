import type { SavedForm } from './saved-response.ts'

/** A body alone. Its bytes tell its transport; what the head would tell can be given. */
export const rawBody: SavedForm = {
  name: 'raw body',
  begins: () => true,
  async *responses(source, { url, headers }) {
    yield {
      name: null,
      method: 'POST',
      url: url ?? null,
      status: 200,
      headers: headers ?? new Headers(),
      body: source.from(0),
      notes: [],
    }
  },
}
