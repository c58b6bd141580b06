// The recording file: a header line, then one JSON event a line. This reads and writes its text; the caller handles files and gzip.
// Every line is validated, and a bad file is refused with one plain sentence (docs/recording.md).
// It must never repair: a torn last line is left out and reported; any other problem refuses the whole file.
// A byte order mark before the first line, and blank lines after the last one, are ignored.
import { traceVersion, type TraceEvent, type TraceHeader } from './event'
import { eventProblem } from './event-fields'
import { EventNodes } from './event-nodes'
import { headerProblem } from './header-fields'
import { isObject } from './shape'
import { upgradeFrom, type Upgrade } from './upgrade'

/** The limit of a line: no recording has a longer one. It is checked in characters, which are never more than the bytes. */
export const lineBytesMax = 64 * 1024 * 1024

/** Why a text is not a recording that can be opened: the message is one sentence for a person. */
export class RecordingProblem extends Error {
  override readonly name = 'RecordingProblem'
}

/** The first line, without a line feed. */
export function formatHeader(header: TraceHeader): string {
  return JSON.stringify(header)
}

/** One line, without a line feed: JSON text holds none. */
export function formatEvent(event: TraceEvent): string {
  return JSON.stringify(event)
}

/** Parses lines that were checked before, in the form of batches: joined by line feeds, none at the end. */
export function parseEventLines(text: string): TraceEvent[] {
  return text === '' ? [] : JSON.parse(`[${text.replaceAll('\n', ',')}]`) as TraceEvent[]
}

/** Newly read events, and their lines in the current version at the same indexes. */
export interface ReadLines {
  readonly events: readonly TraceEvent[]
  readonly lines: readonly string[]
}

/** How a recording ended. */
export interface RecordingEnd extends ReadLines {
  readonly header: TraceHeader
  /** The number of events of the whole recording. */
  readonly count: number
  /** Empty, or one sentence: the last line was cut off. */
  readonly note: string
}

/** Reads a recording from chunks of its text, cut anywhere. After it has thrown it must not be used again. */
export interface RecordingReader {
  /** Undefined until the first line is complete. */
  readonly header: TraceHeader | undefined
  /** The number of events read so far. */
  readonly count: number
  /** True if the lines returned so far equal the text pushed: it is of the current version and has no blank line. */
  readonly isAsGiven: boolean
  /** The problem of a next line that is over the limit, for a caller that cuts the lines itself. */
  tooLong(): RecordingProblem
  /** Takes the next chunk and returns the lines that are now complete. Throws a `RecordingProblem`. */
  push(piece: string): ReadLines
  /** Ends the text. Throws a `RecordingProblem` if it was no recording. */
  end(): RecordingEnd
}

// eslint-disable-next-line max-lines-per-function -- a reader is one closure over the line that is not whole yet; its parts are small
export function createRecordingReader(): RecordingReader {
  // Parts of an incomplete line: joined only when it is complete, so that a long line is not copied for each chunk.
  let parts: string[] = []
  let partsLength = 0
  let lineNumber = 0
  /** The number of the first blank line, after which no other line may come; 0 for none. */
  let blankLine = 0
  let header: TraceHeader | undefined
  let nodes: EventNodes | undefined
  let upgrade: Upgrade | undefined
  let isCurrent = true
  let count = 0

  function push(piece: string): ReadLines {
    const events: TraceEvent[] = []
    const lines: string[] = []
    for (let at = 0; at < piece.length;) {
      const lineFeed = piece.indexOf('\n', at)
      const part = piece.slice(at, lineFeed === -1 ? piece.length : lineFeed)
      keepPart(part)
      if (lineFeed === -1) break
      at = lineFeed + 1
      takeLine(joinParts(), events, lines)
    }
    return { events, lines }
  }

  function keepPart(part: string): void {
    partsLength += part.length
    if (partsLength <= lineBytesMax) return void parts.push(part)
    throw tooLong()
  }

  function tooLong(): RecordingProblem {
    return new RecordingProblem(header === undefined
      ? foreignSentence
      : `Line ${lineNumber + 1} is longer than ${lineBytesMax / 1024 / 1024} MiB, which no recording has.`)
  }

  function joinParts(): string {
    const line = parts.length === 1 ? parts[0] as string : parts.join('')
    parts = []
    partsLength = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  function takeLine(line: string, events: TraceEvent[], lines: string[]): void {
    lineNumber++
    if (isBlank(line)) {
      blankLine ||= lineNumber
      return
    }
    const isFirst = header === undefined
    if (isFirst) takeHeader(lineNumber === 1 && line.startsWith(byteOrderMark) ? line.slice(1) : line)
    if (blankLine > 0) throw new RecordingProblem(`Line ${blankLine} is blank, and line ${lineNumber} is not.`)
    if (isFirst) return
    const value = parseJson(line)
    const event = upgradedEvent(value)
    const problem = value === undefined ? 'is not JSON' : isHeader(value) ? 'begins another recording: this file holds more than one'
      : eventProblem(event, count + 1) ?? nodes?.problem(event as TraceEvent)
    if (problem !== undefined) throw new RecordingProblem(`Line ${lineNumber} ${problem}.`)
    count++
    events.push(event as TraceEvent)
    lines.push(isCurrent ? line : formatEvent(event as TraceEvent))
  }

  function upgradedEvent(value: unknown): unknown {
    return isCurrent || upgrade === undefined || !isObject(value) ? value : upgrade.event(value)
  }

  function takeHeader(line: string): void {
    const value = parseJson(line)
    if (!isHeader(value)) throw new RecordingProblem(foreignSentence)
    const version = value.version
    if (!Number.isSafeInteger(version) || (version as number) < 1) throw new RecordingProblem(foreignSentence)
    if ((version as number) > traceVersion) {
      throw new RecordingProblem(`This recording has format version ${version as number}; this Understudy reads up to ${traceVersion}. A newer Understudy opens it.`)
    }
    isCurrent = version === traceVersion
    upgrade = upgradeFrom(version as number)
    const current = upgrade?.header(value)
    const problem = current === undefined ? `its format version ${version as number} is unknown` : headerProblem(current)
    if (problem !== undefined) throw new RecordingProblem(`The first line of this recording cannot be used: ${problem}.`)
    header = current as unknown as TraceHeader
    nodes = new EventNodes(header)
  }

  function end(): RecordingEnd {
    const events: TraceEvent[] = []
    const lines: string[] = []
    const tail = joinParts()
    let note = ''
    // A complete last line may lack its line feed, because some tools strip it.
    if (!isBlank(tail) && header !== undefined && blankLine === 0 && parseJson(tail) === undefined) note = tornSentence(count)
    else if (!isBlank(tail)) takeLine(tail, events, lines)
    if (header === undefined) throw new RecordingProblem(isBlank(tail) ? 'This file is empty.' : foreignSentence)
    return { header, events, lines, count, note }
  }

  return {
    get header() { return header },
    get count() { return count },
    get isAsGiven() { return header !== undefined && isCurrent && blankLine === 0 },
    tooLong,
    push,
    end,
  }
}

const foreignSentence = 'This file is not an Understudy recording.'

/** Sentences for code that unpacks and decodes a file's bytes: one for each problem, so that all readers say the same. */
export const byteSentences = {
  damaged: 'The compressed file is damaged.',
  foreign: 'This file holds bytes that are not UTF-8 text, which no recording does.',
  tooLong: (bytesMax: number): string => `This recording is longer than ${grouped(Math.floor(bytesMax / 1024 / 1024))} MiB, the most that can be opened.`,
  cutOff: (count: number): string => `The compressed file was cut off; ${grouped(count)} ${count === 1 ? 'event is' : 'events are'} whole.`,
} as const

function tornSentence(count: number): string {
  return `The last line was cut off; ${grouped(count)} ${count === 1 ? 'event is' : 'events are'} whole.`
}

/** 48120 as "48 120". Not by a locale function, because the machine's locale must not change a sentence. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** `1 key`, `48 120 keys`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // JSON has no undefined, so this says "not JSON".
  }
}

function isHeader(value: unknown): value is Record<string, unknown> {
  return isObject(value) && value.understudy === 'recording'
}

const byteOrderMark = '\ufeff'

function isBlank(line: string): boolean {
  return line === '' || !line.startsWith('{') && line.trim() === ''
}
