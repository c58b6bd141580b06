// `compare FIRST SECOND`: two recordings side by side from their first difference. Status 0: alike; 1: they differ; 2: one cannot be read.
// The files are read twice: once for the prints of all events, once for the words of the few that are shown. Nothing else is kept.
import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { align, EventPrinter, headerDifferences, rowStates, type Alignment, type HeaderDifference, type Prints } from '../check'
import { readRecordingFile, reasonOf } from '../lab'
import { eventLine, grouped, RecordingProblem, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { EventProgress } from './event-progress'

interface CompareOptions {
  readonly heartbeats?: boolean
  readonly rows: number
  readonly json?: boolean
}

const rowsDefault = 20
const rowsMax = 100_000
/** Rows that are alike, shown before the first difference. */
const rowsBefore = 4

export function compareCommand(program: Command): void {
  program.command('compare').argument('<first>', 'a recording, .jsonl or .jsonl.gz').argument('<second>', 'another')
    .description('two recordings side by side from their first difference')
    .option('--heartbeats', 'pings and their answers too: they come by the clock, so two runs seldom have them alike')
    .option('--rows <number>', `so many rows from the first difference on (${rowsDefault})`, wholeNumber('--rows', 0, rowsMax), rowsDefault)
    .option('--json', 'one line of JSON')
    .action(compare)
}

async function compare(first: string, second: string, { heartbeats = false, rows, json = false }: CompareOptions): Promise<void> {
  const one = await printsOf(first)
  const other = await printsOf(second)
  const alignment = align(one.prints, other.prints, { heartbeats })
  const headers = headerDifferences(one.header, other.header)
  const shown = shownRows(alignment, rows)
  const words = {
    first: await wordsOf(first, shown.map((row) => alignment.first[row] as number)),
    second: await wordsOf(second, shown.map((row) => alignment.second[row] as number)),
  }
  const notes = [one, other].flatMap(({ note }, index) => note === '' ? [] : [`${[first, second][index] as string}: ${note}`])
  const told = { first, second, alignment, headers, shown, words, notes, heartbeats }
  process.stdout.write(json ? `${JSON.stringify(jsonOf(told))}\n` : `${sentences(told).join('\n')}\n`)
  process.exitCode = alignment.differences.length > 0 ? 1 : 0
}

interface ReadPrints {
  readonly header: TraceHeader
  readonly prints: Prints
  readonly note: string
}

async function printsOf(path: string): Promise<ReadPrints> {
  const printer = new EventPrinter()
  const { header, note } = await readAll(path, (event) => printer.take(event))
  return { header, note, prints: printer.prints() }
}

async function readAll(path: string, take: (event: TraceEvent) => void): Promise<{ header: TraceHeader; note: string }> {
  let progress: EventProgress | undefined
  try {
    progress = new EventProgress((await stat(path)).size, process.stderr)
    const shown = progress
    return await readRecordingFile(path, {
      begin: () => undefined,
      take: ({ events }) => {
        for (const event of events) take(event)
        shown.took(events.length)
      },
      read: (bytes) => shown.read(bytes),
    })
  } catch (error) {
    throw new CannotRun(error instanceof RecordingProblem ? `${path}: ${error.message}` : `${path} cannot be read: ${reasonOf(error)}.`)
  } finally {
    progress?.end()
  }
}

/** The rows from the first difference on, with a few before it. */
function shownRows({ differences, states }: Alignment, count: number): number[] {
  const difference = differences[0]
  if (difference === undefined || count === 0) return []
  const from = Math.max(0, difference - rowsBefore)
  return Array.from({ length: Math.min(states.length, difference + count) - from }, (_, index) => from + index)
}

interface Words {
  readonly time: string
  readonly text: string
}

async function wordsOf(path: string, seqs: readonly number[]): Promise<ReadonlyMap<number, Words>> {
  const wanted = new Set(seqs.filter((seq) => seq > 0))
  const words = new Map<number, Words>()
  if (wanted.size === 0) return words
  /** Messages that were sent and are neither taken nor lost; a copy has its own id. */
  const sent = new Map<string, EventOf<'message-sent'>>()
  await readAll(path, (event) => {
    if (event.type === 'message-sent') sent.set(event.id, event)
    const original = event.type === 'message-duplicated' ? sent.get(event.of) : undefined
    if (original && event.type === 'message-duplicated') sent.set(event.id, original)
    if (wanted.has(event.seq)) {
      const { process: node, kind, text } = eventLine(event, (id) => sent.get(id))
      words.set(event.seq, { time: `${(event.at / 1_000_000).toFixed(3)} s`, text: [node, kind, text].filter((part) => part !== '').join(' ') })
    }
    if (event.type === 'message-taken' || event.type === 'message-dropped') sent.delete(event.id)
  })
  return words
}

// ---- what is said

interface Told {
  readonly first: string
  readonly second: string
  readonly alignment: Alignment
  readonly headers: readonly HeaderDifference[]
  readonly shown: readonly number[]
  readonly words: { readonly first: ReadonlyMap<number, Words>; readonly second: ReadonlyMap<number, Words> }
  readonly notes: readonly string[]
  readonly heartbeats: boolean
}

function sentences(told: Told): string[] {
  const { first, second, alignment, headers, shown, notes, heartbeats } = told
  const counts = countsOf(alignment)
  const lines = [...notes, ...headers.map(({ name, first: one, second: other }) => `They were made with different ${name}: ${one} and ${other}.`)]
  const left = alignment.leftOut
  const without = heartbeats || left.first + left.second === 0 ? '' : ` Left out: ${grouped(left.first)} and ${grouped(left.second)} events of heartbeats (--heartbeats compares them too).`
  if (alignment.differences.length === 0) return [...lines, `${first} and ${second} are alike: ${grouped(counts.alike)} events.${without}`]
  lines.push(`${first} and ${second} differ in ${grouped(alignment.differences.length)} ${alignment.differences.length === 1 ? 'place' : 'places'}: ${grouped(counts.alike)} events are alike, ${grouped(counts.differs)} pairs differ, ${grouped(counts['only-first'])} are only in the first and ${grouped(counts['only-second'])} only in the second.${without}`)
  for (const { lane, first: one, second: other } of alignment.lanes) lines.push(`  ${lane}: ${placeText(one)} and ${placeText(other)}`)
  if (shown.length > 0) lines.push('', ...shown.flatMap((row) => rowLines(told, row)))
  return lines
}

function placeText(seq: number): string {
  return seq === 0 ? 'at its end' : `from #${seq}`
}

function rowLines({ alignment, words }: Told, row: number): string[] {
  const state = rowStates[alignment.states[row] as number] as (typeof rowStates)[number]
  const [one, other] = [alignment.first[row] as number, alignment.second[row] as number]
  if (state === 'alike') return [line(' ', one, words.first)]
  return [...(one > 0 ? [line('<', one, words.first)] : []), ...(other > 0 ? [line('>', other, words.second)] : [])]
}

function line(sign: string, seq: number, words: ReadonlyMap<number, Words>): string {
  const found = words.get(seq)
  return `${sign} #${String(seq).padEnd(9)} ${(found?.time ?? '').padStart(10)}  ${found?.text ?? ''}`
}

function countsOf({ states }: Alignment): Record<(typeof rowStates)[number], number> {
  const counts = [0, 0, 0, 0]
  for (const state of states) counts[state]!++
  return { 'alike': counts[0] ?? 0, 'differs': counts[1] ?? 0, 'only-first': counts[2] ?? 0, 'only-second': counts[3] ?? 0 }
}

function jsonOf({ first, second, alignment, headers, shown, words, notes, heartbeats }: Told): unknown {
  return {
    first, second, alike: alignment.differences.length === 0, heartbeats, notes, made: headers, counts: countsOf(alignment), leftOut: alignment.leftOut,
    places: alignment.differences.length, lanes: alignment.lanes,
    rows: shown.map((row) => {
      const [one, other] = [alignment.first[row] as number, alignment.second[row] as number]
      const side = (seq: number, of: ReadonlyMap<number, Words>): unknown => seq === 0 ? null : { seq, ...of.get(seq) }
      return { state: rowStates[alignment.states[row] as number], first: side(one, words.first), second: side(other, words.second) }
    }),
  }
}
