/** The buckets as a table, from one parameter. */
export const EDGES = `edges (bucket, start, stop) AS MATERIALIZED (
  SELECT key, value ->> 0, value ->> 1 FROM json_each(?)
)`

/** @see EDGES */
export function edgesParameter(edges: readonly number[]): string {
  return JSON.stringify(edges.slice(0, -1).map((start, bucket) => [start, edges[bucket + 1]]))
}
