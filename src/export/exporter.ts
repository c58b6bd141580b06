// What every export has in common: a recording goes in event by event, text comes out in pieces, and a range of events is told with
// the state at its begin folded from all that came before. A format only turns events into text.
// It must never keep a recording: what a writer remembers is bounded by the cluster and by what is under way.
import { beginState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../trace'
import { MessageBook } from './message-book'

/** Sequence numbers of the first and the last event that are told, both included. */
export interface ExportRange {
  readonly from: number
  readonly to: number
}

export const wholeRecording: ExportRange = { from: 1, to: Number.MAX_SAFE_INTEGER }

/** Takes every event of a recording in order, from the first on, also where the range begins later. */
export interface ExportWriter {
  /** Takes the next event and gives what can be written now; often nothing. */
  take(event: TraceEvent): string
  /** No event follows. `note` is what is to be said of the recording itself: that its last line was cut off. */
  end(note?: string): Iterable<string>
  /** Events of the range so far. */
  readonly count: number
  /** After the end: sentences on what was left out of the file, and why. */
  readonly notes: readonly string[]
}

export interface Exporter {
  /** For a menu: "ShiViz log". */
  readonly title: string
  /** What it is good for, in one sentence. */
  readonly about: string
  /** With its dot. */
  readonly extension: string
  readonly mimeType: string
  begin(header: TraceHeader, range?: ExportRange): ExportWriter
}

/** What a format may look at while it tells an event. */
export interface Scene {
  readonly header: TraceHeader
  readonly range: ExportRange
  /** The cluster after the event that is told; at `begin` before the first one of the range. */
  readonly state: ClusterState
  readonly messages: MessageBook
}

export interface Format {
  /** An event before the range, for what must be known of the past. */
  before?(event: TraceEvent): void
  /** Called once, before the first event of the range. */
  begin(): string
  take(event: TraceEvent): string
  end(note: string): Iterable<string>
  readonly notes: readonly string[]
}

/** The writer of a format: the range, the fold and the messages are its work. */
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

  return { take, end, get count() { return count }, get notes() { return format.notes } }
}

/** A piece is given when it has grown to about this many characters. */
const pieceCharacters = 64 * 1024

/** A whole export as pieces of text, for callers that have the events at hand. Returns what was left out. */
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
