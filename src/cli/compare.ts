// `compare FIRST SECOND`: two recordings side by side from their first difference. Status 0: equal; 1: they differ; 2: one cannot be read.
// It reads the files twice: once for the digests of all events, once for the texts of the few events that are shown. It must keep nothing else.
import type { Command } from 'commander'
import { align, EventDigester, headerDifferences, rowStates, type Alignment, type HeaderDifference, type Digests } from '../check'
import { readRecordingFile, unreadable } from '../lab'
import { eventLine, grouped, MessagesInFlight, type TraceEvent, type TraceHeader } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { EventProgress } from './event-progress'
import { printJson, printLines } from './terminal'

interface CompareOptions {
  readonly heartbeats?: boolean
  readonly rows: number
  readonly json?: boolean
}

const rowsDefault = 20
const rowsMax = 100_000
/** Equal rows that are shown before the first difference. */
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
  const one = await digestsOf(first)
  const other = await digestsOf(second)
  const alignment = align(one.digests, other.digests, { heartbeats })
  const headers = headerDifferences(one.header, other.header)
  const shown = shownRows(alignment, rows)
  const words = {
    first: await wordsOf(first, shown.map((row) => alignment.first[row] as number)),
    second: await wordsOf(second, shown.map((row) => alignment.second[row] as number)),
  }
  const notes = [one, other].flatMap(({ note }, index) => note === '' ? [] : [`${[first, second][index] as string}: ${note}`])
  const told = { first, second, alignment, headers, shown, words, notes, heartbeats }
  if (json) printJson(jsonOf(told))
  else printLines(sentences(told))
  process.exitCode = alignment.differences.length > 0 ? 1 : 0
}

interface ReadDigests {
  readonly header: TraceHeader
  readonly digests: Digests
  readonly note: string
}

async function digestsOf(path: string): Promise<ReadDigests> {
  const digester = new EventDigester()
  const { header, note } = await readAll(path, (event) => digester.take(event))
  return { header, note, digests: digester.digests() }
}

async function readAll(path: string, take: (event: TraceEvent) => void): Promise<{ header: TraceHeader; note: string }> {
  const progress = new EventProgress(process.stderr)
  try {
    return await readRecordingFile(path, {
      begin: () => undefined,
      take: ({ events }) => {
        for (const event of events) take(event)
        progress.took(events.length)
      },
      read: (bytes, size) => progress.read(bytes, size),
    })
  } catch (error) {
    throw new CannotRun(unreadable(path, error))
  } finally {
    progress.end()
  }
}

/** The rows from the first difference on, with a few equal ones before it. */
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
  const messages = new MessagesInFlight({ sent: (sending) => sending })
  await readAll(path, (event) => {
    const sending = messages.take(event)
    if (wanted.has(event.seq)) {
      const { process: node, kind, text } = eventLine(event, () => sending)
      words.set(event.seq, { time: `${(event.at / 1_000_000).toFixed(3)} s`, text: [node, kind, text].filter((part) => part !== '').join(' ') })
    }
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
