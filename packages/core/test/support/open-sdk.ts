import type { Meter } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'

/** A real OpenTelemetry SDK that keeps in memory what it would send. */
export function openSdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  })

  async function collect(): Promise<MetricData[]> {
    exporter.reset()
    await provider.forceFlush()
    return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  }

  return {
    provider,
    meter: provider.getMeter('test') as Meter,
    collect,
    /** The data points of one instrument, as pairs of attributes and value. */
    async points(name: string): Promise<[attributes: Record<string, unknown>, value: unknown][]> {
      const metric = (await collect()).find(({ descriptor }) => descriptor.name === name)
      return (metric?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value])
    },
  }
}
