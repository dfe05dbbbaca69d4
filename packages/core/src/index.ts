export type { UsageConfiguration, UsageOptions } from './configuration.ts'
export { configureUsage } from './configuration.ts'
export type { UsageHandle } from './context.ts'
export { addUsage, currentUsage, stampUsage } from './context.ts'
export type { Drain, DrainBounds, DrainEnd, DrainStats, OnDisconnect } from './drain.ts'
export type { UsageErrorCode } from './errors.ts'
export { isUsageError, UsageError } from './errors.ts'
export type { Format, FormatHints, FormatReading, WatchedKey, WireEvent } from './formats/format.ts'
export { defineFormat } from './formats/format.ts'
export { localUser } from './identity.ts'
export type { MeterOptions } from './meter/create-meter.ts'
export { createMeter } from './meter/create-meter.ts'
export type { Fetch, MeteredFetchOptions } from './metered-fetch.ts'
export { meteredFetch } from './metered-fetch.ts'
export type { UsageRecord } from './record.ts'
export { TOKEN_FIELDS, usageRecordSchema } from './record.ts'
export type { Recorder, RecorderOptions, RecorderStats } from './recorder.ts'
export { createRecorder } from './recorder.ts'
export type { OnError } from './report.ts'
export type { UsageStamp } from './stamp.ts'
export { disabledStore } from './stores/disabled.ts'
export type { MemoryStore, MemoryStoreOptions } from './stores/memory.ts'
export { memoryStore } from './stores/memory.ts'
export type { Dropped } from './telemetry.ts'
export type { Ticket } from './ticket.ts'
export type {
  Account,
  AccountBucket,
  AccountQuery,
  AggregateQuery,
  Bucket,
  Dimension,
  Evidence,
  FallbackUser,
  Identity,
  IgnoredReason,
  Meter,
  MeterResponse,
  Outcome,
  Reading,
  ReadingReason,
  Reason,
  RecordsPage,
  RecordsQuery,
  Replay,
  Tally,
  TimeRange,
  TokenUsage,
  UnrecordedReason,
  UsageBatch,
  UsageBucket,
  UsageFilter,
  UsageLine,
  UsageStore,
  UsageUnits,
  WriteResult,
} from './types.ts'
export { DIMENSIONS, IGNORED_REASONS, UNRECORDED_REASONS } from './types.ts'
export type { UpstreamCall, UpstreamUsage } from './upstream.ts'
export type { UsageHandler } from './with-usage.ts'
export { withUsage } from './with-usage.ts'
export type { RetryOptions } from './write-queue.ts'
