import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/protocol'
import { World } from '../../../src/sim'
import type { EventOf, TraceEvent } from '../../../src/trace'
import { MessageIndex } from '../../stores/message-index'
import { foldText, LogRows, type LogFilter, type LogSource } from './log-rows'

/** A small session in virtual time: a cluster starts, its primary dies, the backup takes over. */
function session(): { events: TraceEvent[]; source: LogSource } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 3, clients: 1, settings: defaultSettings,
    onEvent: (event) => events.push(event),
  })
  world.run(1000)
  world.kill('s1')
  world.run(2000)
  const index = new MessageIndex()
  for (const event of events) index.take(event)
  const eventAt = (seq: number): TraceEvent | undefined => events[seq - 1]
  return {
    events,
    source: {
      eventAt, isHeartbeat: (seq) => index.isHeartbeat(seq), typeAt: (seq) => index.typeAt(seq),
      sentOf: (seq) => eventAt(index.sentSeq(seq)) as EventOf<'message-sent'> | undefined,
    },
  }
}

const everything: LogFilter = { hidden: new Set(), group: 'all', search: null, foldHeartbeats: false, showDetails: true }

function rowsOf(filter: Partial<LogFilter>): { rows: LogRows; events: TraceEvent[] } {
  const { events, source } = session()
  const rows = new LogRows(source, { ...everything, ...filter })
  rows.advance(events.length, Infinity)
  return { rows, events }
}

describe('the rows of the log', () => {
  test('without a filter are all events, one row each', () => {
    const { rows, events } = rowsOf({})
    expect(rows.length).toBe(events.length)
    expect(rows.row(41)).toEqual({ type: 'event', seq: 42 })
  })

  test('fold heartbeats into one row between two others, and lose none of the rest', () => {
    const { rows, events } = rowsOf({ foldHeartbeats: true })
    const all = Array.from({ length: rows.length }, (_, index) => rows.row(index))
    const folds = all.flatMap((row) => row?.type === 'fold' ? [row.fold] : [])
    const pings = events.filter((event) => event.type === 'message-sent' && event.message.type === 'ping').length
    expect(folds.reduce((sum, fold) => sum + fold.pings, 0)).toBe(pings)
    expect(all.some((row, index) => row?.type === 'fold' && all[index + 1]?.type === 'fold')).toBe(false)
    expect(folds.length).toBeLessThan(pings)
    expect(foldText({ firstSeq: 1, lastSeq: 2, pings: 1, answers: 2 })).toBe('1 ping and 2 answers folded')
  })

  test('leave details out and count them', () => {
    const shown = rowsOf({ showDetails: false }).rows
    expect(shown.length + shown.hiddenDetails).toBe(rowsOf({}).rows.length)
    expect(shown.hiddenDetails).toBeGreaterThan(0)
  })

  test('are what a search finds, of the processes and kinds that are shown', () => {
    const search = { test: (seq: number) => seq > 3 }
    const { rows, events } = rowsOf({ search, group: 'views', hidden: new Set(['vs']), foldHeartbeats: true })
    const found = Array.from({ length: rows.length }, (_, index) => rows.row(index)).flatMap((row) => row?.type === 'event' ? [events[row.seq - 1]] : [])
    expect(found.length).toBeGreaterThan(0)
    expect(found.some((event) => event !== undefined && (event.seq <= 3 || event.type === 'view-changed' || event.type.startsWith('message-')))).toBe(false)
  })

  test('are the same whether they grow in slices or at once', () => {
    const { events, source } = session()
    const filter = { ...everything, foldHeartbeats: true, showDetails: false }
    const whole = new LogRows(source, filter)
    whole.advance(events.length, Infinity)
    const sliced = new LogRows(source, filter)
    while (sliced.advance(events.length, 7));
    expect(Array.from({ length: sliced.length }, (_, index) => sliced.row(index))).toEqual(Array.from({ length: whole.length }, (_, index) => whole.row(index)))
  })

  test('know the row of a moment, also where that moment has no row of its own', () => {
    const { rows } = rowsOf({ group: 'views' })
    const first = rows.row(0)
    const seq = first?.type === 'event' ? first.seq : 0
    expect(rows.rowOf(seq)).toBe(0)
    expect(rows.rowOf(seq - 1)).toBe(-1)
    expect(rows.rowOf(1_000_000)).toBe(rows.length - 1)
  })
})
