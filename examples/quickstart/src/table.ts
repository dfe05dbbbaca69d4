export type Cell = string | number | null

/** A table in plain text: numbers to the right, `–` for what is not known. */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(formatCell))]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const numeric = header.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  const format = (line: readonly string[]) =>
    line.map((text, column) => pad(text, widths[column] ?? 0, numeric[column] ?? false)).join('  ')
  return [format(header), widths.map((width) => '─'.repeat(width)).join('  '), ...lines.slice(1).map(format)]
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n')
}

function formatCell(cell: Cell): string {
  if (cell === null) return '–'
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell
}

const pad = (text: string, width: number, right: boolean) => (right ? text.padStart(width) : text.padEnd(width))
