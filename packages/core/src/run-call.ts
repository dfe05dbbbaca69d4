import { currentUsage, type UsageHandle } from './context.ts'
import { processState } from './process.ts'
import type { UpstreamCall } from './upstream.ts'

/**
 * Runs `work`, which makes the call, as a part of the current request. What a layer below follows meanwhile, as
 * `meteredFetch` does, is the same call seen again, and is counted once. Outside any request it just runs.
 */
export function runCall<T>(call: UpstreamCall, work: () => T): T {
  const usage = currentUsage()
  if (usage === undefined) return work()
  usage.follow(call)
  return processState().storage.run(handleBelow(usage, call), work)
}

/** The same request, seen from inside one of its calls. */
function handleBelow(usage: UsageHandle, call: UpstreamCall): UsageHandle {
  return {
    requestId: usage.requestId,
    get open() {
      return usage.open
    },
    stamp: (stamp) => usage.stamp(stamp),
    add: (line) => usage.add(line),
    identify: (identity) => usage.identify(identity),
    follow: (inner, above = call) => usage.follow(inner, above),
  }
}
