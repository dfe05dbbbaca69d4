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
 * Parts the requests that can be stored from the duplicates: those of which a record id is stored already, or belongs
 * to a request before them.
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
  for (const request of requests) {
    const { requestId, lines } = request
    const owners = lines.map(({ id }) => taken.get(id) ?? ownerOf(id)).filter((owner) => owner !== undefined)
    if (owners.length === 0) {
      for (const { id } of lines) taken.set(id, requestId)
      fresh.push(request)
    } else {
      duplicates.push(requestId)
      if (owners.some((owner) => owner !== requestId)) foreign.push(requestId)
    }
  }
  return { fresh, duplicates, foreign }
}
