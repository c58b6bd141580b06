// The recording file: a header line, then one JSON event a line. This reads and writes its text; files and gzip are the caller's.
// Every line is checked before it is believed, and what cannot be read is refused with one plain sentence (docs/recording.md).
// It must never repair: a torn last line is left out and said, anything else that is wrong refuses the whole file.
import { mutantNames, settingsProblem, type Settings } from '../protocol'
import { traceVersion, type TraceEvent, type TraceHeader } from './event'
import { eventProblem } from './event-fields'
import { upgradeFrom, type Upgrade } from './upgrade'

/** A line is at most this long; longer ones are in no recording. In characters here, which are never more than the bytes. */
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

/** Events of lines that were checked before, as batches carry them: joined by line feeds, none at the end. */
export function parseEventLines(text: string): TraceEvent[] {
  return text === '' ? [] : JSON.parse(`[${text.replaceAll('\n', ',')}]`) as TraceEvent[]
}

/** What became readable: each event, and its line in the current version, at the same index. */
export interface ReadLines {
  readonly events: readonly TraceEvent[]
  readonly lines: readonly string[]
}

/** How a recording ended. */
export interface RecordingEnd extends ReadLines {
  readonly header: TraceHeader
  /** Events of the whole recording. */
  readonly count: number
  /** Empty, or one sentence: the last line was cut off. */
  readonly note: string
}

/** Reads a recording from pieces of its text, cut anywhere. After it has thrown it must not be used again. */
export interface RecordingReader {
  /** Undefined until the first line is whole. */
  readonly header: TraceHeader | undefined
  /** Events read so far. */
  readonly count: number
  /** The file is of the current version: its lines are what is given. */
  readonly isCurrent: boolean
  /** What is said of a next line that is longer than any may be, by who cuts the lines himself. */
  tooLong(): RecordingProblem
  /** Takes the next piece and gives the lines that became whole. Throws a `RecordingProblem`. */
  push(piece: string): ReadLines
  /** The text is over. Throws a `RecordingProblem` if it was no recording. */
  end(): RecordingEnd
}

// eslint-disable-next-line max-lines-per-function -- a reader is one closure over the line that is not whole yet; its parts are small
export function createRecordingReader(): RecordingReader {
  // Parts of a line that is not whole yet: joined only when it is, so that a long line is not copied for each piece.
  let parts: string[] = []
  let partsLength = 0
  let lineNumber = 0
  let header: TraceHeader | undefined
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
    if (header === undefined) return takeHeader(line)
    const value = parseJson(line)
    const event = upgradedEvent(value)
    const problem = value === undefined ? 'is not JSON' : eventProblem(event, count + 1)
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
    if (!isObject(value) || value.understudy !== 'recording') throw new RecordingProblem(foreignSentence)
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
  }

  function end(): RecordingEnd {
    const events: TraceEvent[] = []
    const lines: string[] = []
    const tail = joinParts()
    let note = ''
    // A whole last line without its line feed is whole all the same: some tools strip it.
    if (tail !== '' && header !== undefined && parseJson(tail) === undefined) note = tornSentence(count)
    else if (tail !== '') takeLine(tail, events, lines)
    if (header === undefined) throw new RecordingProblem(lineNumber === 0 && tail === '' ? 'This file is empty.' : foreignSentence)
    return { header, events, lines, count, note }
  }

  return {
    get header() { return header },
    get count() { return count },
    get isCurrent() { return header !== undefined && isCurrent },
    tooLong,
    push,
    end,
  }
}

const foreignSentence = 'This file is not an Understudy recording.'

function tornSentence(count: number): string {
  return `The last line was cut off; ${grouped(count)} ${count === 1 ? 'event is' : 'events are'} whole.`
}

/** 48120 as "48 120": by hand, as the machine's locale must not change a sentence. */
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const kindsOfNode: readonly unknown[] = ['view-server', 'replica', 'client']
const sources: readonly unknown[] = ['live', 'simulated', 'explored', 'imported']

/** What is wrong with a header of the current version, or undefined. */
function headerProblem(header: Record<string, unknown>): string | undefined {
  if (!sources.includes(header.source)) return 'its source is none that exists'
  for (const field of ['title', 'createdAt', 'seed', 'protocolHash']) {
    if (typeof header[field] !== 'string') return `its ${field} is not text`
  }
  if (!isObject(header.settings)) return 'its settings are missing'
  const problem = settingsShapeProblem(header.settings)
  if (problem !== undefined) return problem
  if (header.parent !== null && !isParent(header.parent)) return 'its parent is broken'
  const nodes = header.nodes
  const namesAreWell = Array.isArray(nodes) && nodes.length > 0
    && nodes.every((node: unknown) => isObject(node) && typeof node.name === 'string' && kindsOfNode.includes(node.kind))
  return namesAreWell ? undefined : 'its list of nodes is missing or broken'
}

function isParent(parent: unknown): boolean {
  return isObject(parent) && typeof parent.title === 'string' && typeof parent.createdAt === 'string' && Number.isSafeInteger(parent.seq) && parent.seq as number > 0
}

function settingsShapeProblem(settings: Record<string, unknown>): string | undefined {
  const known: readonly unknown[] = mutantNames
  if (settings.replication !== 'synchronous' && settings.replication !== 'asynchronous') return 'its replication is none that exists'
  if (typeof settings.newCluster !== 'boolean') return 'its newCluster is not true or false'
  if (!Array.isArray(settings.mutants) || !settings.mutants.every((mutant) => known.includes(mutant))) return 'it names a mutant that does not exist'
  return settingsProblem(settings as unknown as Settings)?.replace(/\.$/, '')
}
