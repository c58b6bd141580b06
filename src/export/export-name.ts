// The file name of an export: the recording's name, and the range if it has one.
import { wholeRecording, type ExportRange } from './exporter'
import { exporters, type ExportFormat } from './exporters'

/** "failover.jsonl.gz" gives "failover.mmd" or "failover-900-1200.mmd". `recording`: its name or path; `latest`: the seq of its newest event. */
export function exportName(recording: string, format: ExportFormat, { from, to }: ExportRange = wholeRecording, latest = 0): string {
  const name = recording.split(/[\\/]/).at(-1) ?? ''
  const base = name.replace(/(\.jsonl)?(\.gz)?$/, '') || 'recording'
  const isWhole = from <= 1 && (to >= latest || to === wholeRecording.to)
  const range = isWhole ? '' : `-${from}-${latest > 0 ? Math.min(to, latest) : to}`
  return `${base}${range}${exporters[format].extension}`
}
