import type { UsageRecord } from '../record.ts'
import type { WriteResult } from '../types.ts'

/** All records of one request: stored together, or not at all. */
export interface RequestLines {
  /** Shared by the lines. */
  requestId: string
  /** The first line. The request is accounted for where this one is, also when other lines have another time. */
  opener: UsageRecord
  /** Ordered by `line`. */
  lines: readonly UsageRecord[]
}

/** The requests of a batch, in the order given. A record id that a request names twice is one line. */
export function requestsOf(records: readonly UsageRecord[]): RequestLines[] {
  const requests = new Map<string, Map<string, UsageRecord>>()
  for (const record of records) {
    const lines = requests.get(record.requestId)
    if (!lines) requests.set(record.requestId, new Map([[record.id, record]]))
    else if (!lines.has(record.id)) lines.set(record.id, record)
  }
  return [...requests].map(([requestId, byId]) => {
    const lines = [...byId.values()].sort((a, b) => a.line - b.line)
    return { requestId, opener: lines[0] as UsageRecord, lines }
  })
}

/**
 * Parts what can be stored from the duplicates. A line that is stored already, or belongs to a request before it, for
 * another request is left out: the result of one call that several requests fetch. A request is a duplicate when no line
 * is left, or one is stored for itself: it was written before.
 *
 * @param ownerOf the request of which a record of that id is stored
 */
export function withoutDuplicates(
  requests: readonly RequestLines[],
  ownerOf: (id: string) => string | undefined,
): WriteResult & { fresh: RequestLines[] } {
  const taken = new Map<string, string>()
  const fresh: RequestLines[] = []
  const duplicates: string[] = []
  const foreign: string[] = []
  for (const { requestId, lines } of requests) {
    const owner = ({ id }: UsageRecord): string | undefined => taken.get(id) ?? ownerOf(id)
    const own = lines.some((line) => owner(line) === requestId)
    const left = own ? [] : lines.filter((line) => owner(line) === undefined)
    const [opener] = left
    if (opener) {
      for (const { id } of left) taken.set(id, requestId)
      fresh.push({ requestId, opener, lines: left })
    } else {
      duplicates.push(requestId)
      if (!own) foreign.push(requestId)
    }
  }
  return { fresh, duplicates, foreign }
}
