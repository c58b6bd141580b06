// The counts that an export reports at its end are those that an independent program counts in the file.
import { parse as parseCsv } from 'csv-parse/sync'
import { parseEDNString } from 'edn-data'
import { parse as parseHtml, type DefaultTreeAdapterTypes } from 'parse5'
import { describe, expect, it } from 'vitest'
import { failoverRecording, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { counted } from '../trace'
import { exportText, type ExportRange } from './exporter'
import { exporters, exportFormats, type ExportFormat } from './exporters'
import { shivizParser } from './shiviz'

function exported(format: ExportFormat, { header, events }: SampleRecording, range?: ExportRange): { text: string; told: string } {
  const writer = exporters[format].begin(header, range)
  let text = ''
  for (const event of events) text += writer.take(event)
  for (const piece of writer.end('The last line was cut off; 5 events are whole.')) text += piece
  return { text, told: exportText(writer) }
}

const lines = (text: string, pattern: RegExp): number => text.split('\n').filter((line) => pattern.test(line)).length

function rowsOf(text: string): { log: number; operations: number } {
  const found = { log: 0, operations: 0 }
  const visit = (node: DefaultTreeAdapterTypes.Node, within: string): void => {
    const label = 'attrs' in node ? node.attrs.find(({ name }) => name === 'aria-label')?.value : undefined
    const place = node.nodeName === 'details' ? 'log' : label === 'Operations' ? 'operations' : within
    if (node.nodeName === 'tr' && node.parentNode?.nodeName === 'tbody' && (place === 'log' || place === 'operations')) found[place]++
    if ('childNodes' in node) for (const child of node.childNodes) visit(child, place)
  }
  visit(parseHtml(text), '')
  return found
}

/** Counts each format as another program would, in the words that the export uses. */
const counts: Readonly<Record<ExportFormat, (text: string) => string>> = {
  html: (text) => `${counted(rowsOf(text).log, 'row')} of the diagram and ${counted(rowsOf(text).operations, 'operation')}`,
  // As ShiViz does: the expression of the first line over all that follows.
  shiviz: (text) => counted([...text.slice(text.indexOf('\n\n') + 2).matchAll(new RegExp(shivizParser, 'g'))].length, 'log entry', 'log entries'),
  mermaid: (text) => `${counted(lines(text, /^ {2}p\d+(->>|-->>|-x)p\d+: /), 'arrow')} and ${counted(lines(text, /^ {2}Note over /), 'note')}`,
  plantuml: (text) => `${counted(lines(text, /^p\d+ (->|-->|->x) p\d+ : /), 'arrow')} and ${counted(lines(text, /^note /), 'note')}`,
  perfetto: (text) => counted((JSON.parse(text) as { traceEvents: unknown[] }).traceEvents.length, 'trace event'),
  jepsen: (text) => {
    const entries = text.trimEnd().split('\n').map((line) => parseEDNString(line, { mapAs: 'object', keywordAs: 'string' }) as { type: string; client?: string })
    return `${counted(entries.filter(({ type, client }) => type === 'invoke' && client !== undefined).length, 'operation')} in ${counted(entries.length, 'entry', 'entries')}`
  },
  csv: (text) => counted((parseCsv(text) as unknown[]).length - 1, 'operation'),
}

describe.each(exportFormats)('as %s', (format) => {
  it.each([['whole', undefined], ['from its middle', { from: 700, to: 1300 }], ['of one event', { from: 1000, to: 1000 }]] as const)('a recording %s has what it is said to have', (_, range) => {
    for (const recording of [failoverRecording(), randomRecording('told'), randomRecording('told again', 60)]) {
      const { text, told } = exported(format, recording, range)
      const events = recording.events.filter(({ seq }) => seq >= (range?.from ?? 1) && seq <= (range?.to ?? Infinity)).length
      expect(told).toBe(`${counts[format](text)}, of ${counted(events, 'event')}`)
    }
  })
})
