// What all exports share: events of a recording come in, and text goes out in chunks. A range starts with the cluster state folded from all
// earlier events. A format only turns events into text.
// It must never keep a whole recording: a writer's memory is bounded by the cluster and the messages in flight.
import { beginState, counted, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../trace'
import { MessageBook } from './message-book'

/** The seqs of the first and the last exported event, both included. */
export interface ExportRange {
  readonly from: number
  readonly to: number
}

export const wholeRecording: ExportRange = { from: 1, to: Number.MAX_SAFE_INTEGER }

/** Takes every event of a recording in order, from the first on, even if the range begins later. */
export interface ExportWriter {
  /** Takes the next event and returns the text that can be written now, often none. */
  take(event: TraceEvent): string
  /** Call after the last event. `note` is a sentence on the recording itself, such as that its last line was cut off. */
  end(note?: string): Iterable<string>
  /** How many events of the range were taken so far. */
  readonly count: number
  /** What the file has so far, in the format's own terms: "410 log entries". */
  readonly told: string
  /** After `end`: sentences on what was left out of the file, and why. */
  readonly notes: readonly string[]
}

export interface Exporter {
  /** For a menu, such as "ShiViz log". */
  readonly title: string
  /** What it is good for, in one sentence. */
  readonly about: string
  /** Includes the dot. */
  readonly extension: string
  readonly mimeType: string
  begin(header: TraceHeader, range?: ExportRange): ExportWriter
}

/** What a format may read while it writes an event. */
export interface Scene {
  readonly header: TraceHeader
  readonly range: ExportRange
  /** The cluster after the current event; in `begin`, before the first event of the range. */
  readonly state: ClusterState
  readonly messages: MessageBook
}

export interface Format {
  /** Takes an event before the range, for formats that need the past. */
  before?(event: TraceEvent): void
  /** Called once, before the first event of the range. */
  begin(): string
  take(event: TraceEvent): string
  end(note: string): Iterable<string>
  readonly notes: readonly string[]
  readonly told: string
}

/** What a file has and how many events it was made of: "410 log entries, of 502 events". */
export function exportText({ told, count }: ExportWriter): string {
  return `${told}, of ${counted(count, 'event')}`
}

/** The writer of a format: it handles the range, the folded state and the messages. */
export function createWriter(header: TraceHeader, range: ExportRange, createFormat: (scene: Scene) => Format): ExportWriter {
  const state = beginState(header)
  const messages = new MessageBook()
  const format = createFormat({ header, range, state, messages })
  let count = 0
  let hasBegun = false

  function begin(): string {
    if (hasBegun) return ''
    hasBegun = true
    return format.begin()
  }

  function take(event: TraceEvent): string {
    if (event.seq > range.to) return ''
    const head = event.seq < range.from ? '' : begin()
    foldEvent(state, event)
    messages.take(event)
    if (event.seq < range.from) {
      format.before?.(event)
      return ''
    }
    count++
    return head + format.take(event)
  }

  function* end(note = ''): Generator<string> {
    yield begin()
    yield* format.end(note)
  }

  return { take, end, get count() { return count }, get notes() { return format.notes }, get told() { return format.told } }
}

/** About how many characters a chunk of text has. */
const pieceCharacters = 64 * 1024

/** A whole export in chunks of text, for callers that have the events at hand. Returns the notes on what was left out. */
export function* exportPieces(
  exporter: Exporter, header: TraceHeader, events: Iterable<TraceEvent>, range: ExportRange = wholeRecording, note = '',
): Generator<string, readonly string[]> {
  const writer = exporter.begin(header, range)
  let piece = ''
  for (const event of events) {
    piece += writer.take(event)
    if (piece.length < pieceCharacters) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
  yield* writer.end(note)
  return writer.notes
}
