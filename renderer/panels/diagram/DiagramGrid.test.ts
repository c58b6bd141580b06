// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { useTraceStore } from '../../stores/trace'
import { cellsMax, laneCells } from './cells'
import { useDiagram } from './diagram'
import DiagramGrid from './DiagramGrid.vue'
import { simulated } from './testing/simulated'

const { header, events } = simulated('31', 40)

function shown() {
  const trace = useTraceStore()
  const diagram = useDiagram()
  trace.reset(1, header)
  trace.take(events)
  const { model } = diagram
  if (!model) throw new Error('there is no model')
  const rows = laneCells(model, 1, events.length, true)
  return { trace, diagram, rows, grid: mount(DiagramGrid, { props: { rows, first: 1, last: events.length }, attachTo: document.body }) }
}

describe('the diagram as it is told', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('has a row for each lane, a bounded number of cells, and says when there are more', () => {
    const { grid, rows } = shown()
    expect(grid.findAll('[role="row"]')).toHaveLength(header.nodes.length)
    expect(rows.every(({ seqs }) => seqs.length <= cellsMax)).toBe(true)
    const many = rows.findIndex(({ hasMore }) => hasMore)
    expect(grid.findAll('[role="rowheader"]')[many]?.text()).toContain(`the last ${cellsMax} of more events in view`)
    expect(grid.findAll('[role="gridcell"]').some((cell) => cell.text().includes('ping sent'))).toBe(false)
  })

  it('has one tab stop, and its arrows move the selection and the cursor of every panel', async () => {
    const { grid, rows, trace } = shown()
    expect(grid.findAll('[tabindex="0"]')).toHaveLength(1)
    const { seqs } = rows.find((row) => row.seqs.length > 2) ?? { seqs: [] }
    const last = grid.find(`[data-seq="${seqs.at(-1)}"]`)
    await last.trigger('keydown', { key: 'ArrowLeft' })
    expect(trace.selection).toEqual({ type: 'event', seq: seqs.at(-2) })
    expect(trace.cursor).toBe(seqs.at(-2))
    await grid.find(`[data-seq="${seqs.at(-2)}"]`).trigger('keydown', { key: 'Home' })
    expect(trace.cursor).toBe(seqs[0])
  })

  it('moves nothing when it gets the focus', async () => {
    const { grid, trace } = shown()
    await grid.find('[tabindex="0"]').trigger('focus')
    expect(trace.cursor).toBe('live')
    expect(grid.emitted('look')).toHaveLength(1)
  })
})

describe('the diagram\'s state', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('stays at the newest event until the cursor is set, and comes back with it', () => {
    const { diagram, trace } = shown()
    expect(diagram.isFollowing).toBe(true)
    trace.goTo(5)
    expect([diagram.isFollowing, diagram.view().from <= diagram.placeOf(5) && diagram.view().to >= diagram.placeOf(5)]).toEqual([false, true])
    trace.goLive()
    expect(diagram.isFollowing && diagram.view().to > diagram.extent().last).toBe(true)
  })

  it('keeps the events in view when the axis changes', () => {
    const { diagram, trace } = shown()
    trace.goTo(Math.floor(events.length / 2))
    diagram.setAxis('logical')
    const { from, to } = diagram.view()
    expect(diagram.placeOf(trace.position) >= from && diagram.placeOf(trace.position) <= to).toBe(true)
  })

  it('measures from one event to another, and a third begins anew', () => {
    const { diagram } = shown()
    diagram.toggleMeasure()
    for (const seq of [4, 9]) diagram.measure(seq)
    expect(diagram.measured).toEqual({ from: 4, to: 9 })
    diagram.measure(12)
    expect(diagram.measured).toEqual({ from: 12, to: 0 })
  })

  it('walks to a cause and back, and forgets everything with another session', () => {
    const { diagram, trace } = shown()
    const taken = events.find((event) => event.type === 'message-taken' && !event.id.includes('+')) ?? events[0]
    trace.select({ type: 'event', seq: taken?.seq ?? 0 })
    expect([diagram.walk(-1), diagram.walk(1)]).toEqual([true, true])
    expect(trace.cursor).toBe(taken?.seq)
    trace.reset(2, header)
    expect([diagram.model?.latest, diagram.measured]).toEqual([0, null])
  })
})
