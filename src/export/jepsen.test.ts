// The history checked with an independent EDN reader and Jepsen's rules, and read back by our own reader against what the clients saw.
import { parseEDNString } from 'edn-data'
import { describe, expect, it } from 'vitest'
import { failoverRecording, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { OperationLog, type OperationFacts } from '../trace'
import { exportPieces, type ExportRange } from './exporter'
import { readHistory } from './history'
import type { ImportedOperation } from './imported-history'
import { jepsen } from './jepsen'

interface Entry {
  readonly process: number | string
  readonly type: string
  readonly f: string
  readonly key?: string
  readonly value: unknown
  readonly time: number
  readonly index: number
  readonly error?: unknown
}

const textOf = ({ header, events }: SampleRecording, range?: ExportRange): string => [...exportPieces(jepsen, header, events, range)].join('')
const entriesOf = (text: string): Entry[] => text.trimEnd().split('\n').map((line) => parseEDNString(line, { mapAs: 'object', keywordAs: 'string' }) as Entry)

const notesOf = (entries: readonly Entry[]): string[] => entries.filter(({ f }) => f === 'note').map(({ value }) => value as string)

/** Violations of Jepsen's rules for histories. */
function problemsOf(entries: readonly Entry[]): string[] {
  const problems: string[] = []
  const open = new Map<number | string, Entry>()
  const crashed = new Set<number | string>()
  for (const [place, entry] of entries.entries()) {
    if (entry.index !== place) problems.push(`index ${entry.index} at ${place}`)
    if (entry.time < (entries[place - 1]?.time ?? 0)) problems.push(`time goes back at ${place}`)
    if (entry.process === 'nemesis') {
      if (entry.type !== 'info') problems.push(`a nemesis that is ${entry.type}`)
      continue
    }
    if (crashed.has(entry.process)) problems.push(`process ${entry.process} acts after :info`)
    const before = open.get(entry.process)
    if (entry.type === 'invoke') {
      if (before) problems.push(`process ${entry.process} has two open`)
      open.set(entry.process, entry)
      continue
    }
    if (before?.f !== entry.f || before.key !== entry.key) problems.push(`process ${entry.process} ends what it has not begun`)
    open.delete(entry.process)
    if (entry.type === 'info') crashed.add(entry.process)
  }
  return problems
}

function operationsOf({ events }: SampleRecording): readonly OperationFacts[] {
  const log = new OperationLog()
  for (const event of events) log.take(event)
  return log.list
}

/** What a history keeps of an operation. */
const kept = ({ operation, outcome }: OperationFacts): unknown => [operation, outcome?.type === 'ok' ? outcome.result : outcome?.type ?? 'unknown']
const read = ({ operation, outcome }: ImportedOperation): unknown => [operation, outcome.type === 'ok' ? outcome.result : outcome.type]

describe('the Jepsen history', { timeout: 300_000 }, () => {
  it('keeps Jepsen\'s rules for 40 random recordings, whole and from their middle', () => {
    let unknown = 0
    for (let seed = 1; seed <= 40; seed++) {
      const recording = randomRecording(String(seed))
      for (const range of [undefined, { from: 200 + seed * 3, to: 1500 }]) {
        const entries = entriesOf(textOf(recording, range))
        expect(problemsOf(entries), `seed ${seed}`).toEqual([])
        unknown += entries.filter(({ type, process }) => type === 'info' && process !== 'nemesis').length
      }
    }
    expect(unknown).toBeGreaterThan(40)
  })

  it('read again, every operation has its values and its outcome, hostile text and all', () => {
    for (const recording of [failoverRecording(), ...Array.from({ length: 20 }, (_, seed) => randomRecording(`read ${seed}`))]) {
      expect(readHistory(textOf(recording)).operations.map(read)).toEqual(operationsOf(recording).map(kept))
    }
  })

  it('tells kills, restarts, pauses and faults as the nemesis', () => {
    const acts = new Set(entriesOf(textOf(failoverRecording())).filter(({ process }) => process === 'nemesis').map(({ f }) => f))
    expect([...acts].sort()).toEqual(['exit', 'kill', 'model', 'note', 'pause', 'restart', 'resume', 'start-fault', 'stop-fault'])
  })

  it('each outcome has its form', () => {
    const entries = entriesOf(textOf(failoverRecording()))
    const last = (f: string, type: string): Entry | undefined => entries.findLast((entry) => entry.f === f && entry.type === type)
    expect(last('read', 'invoke')?.value).toBe(null)
    expect(last('cas', 'invoke')?.value).toEqual(['red', 'blue'])
    expect(entries.find(({ f, type, key }) => f === 'write' && type === 'ok' && key === 'colour')).toMatchObject({ value: 'green' })
    expect(last('read', 'info')?.error).toBe('timeout')
    expect(last('write', 'info')?.error).toBe('client-died')
  })

  it('begins with what a checker must know of it, and ends with what it cannot tell', () => {
    const { header, events } = failoverRecording()
    const [first] = entriesOf(textOf({ header, events }))
    expect(first).toMatchObject({ process: 'nemesis', type: 'info', f: 'model', value: { begins: 'empty', missing: null, replication: 'synchronous' } })
    const settings = { ...header.settings, replication: 'asynchronous' as const, mutants: ['reuses-request-id' as const] }
    const other = entriesOf(textOf({ header: { ...header, settings }, events }))
    expect(other[0]?.value).toEqual({ begins: 'empty', missing: null, replication: 'asynchronous', mutants: ['reuses-request-id'] })
    expect(notesOf(other)).toContain('Replication was asynchronous, which promises no client that the history is linearizable.')
    const cut = entriesOf([...exportPieces(jepsen, header, events, undefined, 'The last line was cut off; 5 events are whole.')].join(''))
    expect(notesOf(cut).at(-1)).toBe('The last line was cut off; 5 events are whole.')
  })

  it('of a range says whether it begins with an empty store, and what is open there stands at its top', () => {
    const recording = failoverRecording()
    const first = recording.events.find(({ type }) => type === 'operation-invoked')?.seq ?? 0
    expect(entriesOf(textOf(recording, { from: first, to: 9999 }))[0]?.value).toMatchObject({ begins: 'empty' })
    for (const range of [{ from: first + 1, to: 9999 }, { from: 900, to: 1100 }]) {
      const entries = entriesOf(textOf(recording, range))
      expect(entries[0]?.value).toMatchObject({ begins: 'unknown' })
      expect(notesOf(entries)[0]).toMatch(/^The history begins in the middle: what the keys held there is not in it, so no checker can tell/)
      expect(problemsOf(entries)).toEqual([])
    }
  })

  it('tells operations whose answers a checker may not judge, each by its place', () => {
    const entries = entriesOf(textOf(failoverRecording()))
    const [mismatch] = entries.filter(({ error }) => Array.isArray(error))
    expect(notesOf(entries).find((note) => note.includes(':fail'))).toContain(`(:index ${mismatch?.index})`)
    const bytes = entries.filter(({ type, ...entry }) => type !== 'invoke' && JSON.stringify(entry).includes('"base64:'))
    expect(bytes.length).toBeGreaterThan(0)
    expect(notesOf(entries).find((note) => note.includes('base64'))).toContain(`(:index ${bytes.map(({ index }) => index).join(', ')})`)
  })

  it('a client that dies leaves what it had open unknown', () => {
    const { header, events } = failoverRecording()
    const invoked = events.find((event) => event.type === 'operation-invoked')
    if (invoked?.type !== 'operation-invoked') throw new Error('the sample has no operation')
    const exited = { seq: invoked.seq + 1, at: invoked.at, wall: invoked.wall, type: 'node-exited' as const, node: invoked.node, incarnation: 1, code: null, signal: 'SIGKILL', stderr: '' }
    const entries = entriesOf(textOf({ header, events: [...events.slice(0, invoked.seq), exited] }))
    expect(entries.filter(({ process }) => process !== 'nemesis').map(({ type, error }) => [type, error])).toEqual([['invoke', undefined], ['info', 'client-died']])
  })
})
