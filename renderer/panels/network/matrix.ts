// The link matrix as values: for each direction of each link the effect of the faults and the number of waiting messages. Pure.
// A cell shows only the most severe effect: cut, then held, then lossy, then late. Its label has it in words.
import { concernsLink, type Fault } from '../../../src/network'
import type { NodeKind } from '../../../src/protocol'
import type { ClusterState, FaultFacts, MessageInFlight } from '../../../src/trace'

export type CellKind = 'none' | 'open' | 'cut' | 'held' | 'lossy' | 'late'

export interface Cell {
  readonly from: string
  readonly to: string
  readonly kind: CellKind
  /** The text of the cell: `·`, `✕`, `○2`, `10`, `+40`. */
  readonly mark: string
  /** For screen readers and as the title: `s1 to s2: cut`. */
  readonly label: string
  /** The fault that cuts it; empty for a cell that is not cut. */
  readonly cutBy: string
}

export interface MatrixRow {
  readonly from: string
  readonly cells: readonly Cell[]
}

/** With more nodes than this the matrix is shown as a list. */
export const matrixNodesMax = 12

/** The name of a cut that a click in the matrix makes. */
export function cutName(from: string, to: string): string {
  return `cut ${from} → ${to}`
}

export function matrixOf(state: ClusterState): readonly MatrixRow[] {
  const nodes = [...state.nodes.values()]
  const active = [...state.faults.entries()].filter(([, { isOn }]) => isOn)
  const waiting = waitingByLink(state)
  return nodes.map((sender) => ({
    from: sender.name,
    cells: nodes.map((receiver) => isLink(sender, receiver)
      ? cellOf(sender.name, receiver.name, active, waiting.get(`${sender.name}>${receiver.name}`) ?? 0, state.freeze > 0)
      : { from: sender.name, to: receiver.name, kind: 'none', mark: '', label: '', cutBy: '' }),
  }))
}

/** False between two clients, which never send to one another, and between a node and itself. */
function isLink(one: { name: string; kind: NodeKind }, other: { name: string; kind: NodeKind }): boolean {
  return one.name !== other.name && !(one.kind === 'client' && other.kind === 'client')
}

/** Counts held messages; during a freeze also all messages that wait for their receiver. */
function waitingByLink(state: ClusterState): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { from, to, place } of state.inFlight.values()) {
    if (!waits(place, state.freeze > 0)) continue
    const link = `${from}>${to}`
    counts.set(link, (counts.get(link) ?? 0) + 1)
  }
  return counts
}

function waits(place: MessageInFlight['place'], isFrozen: boolean): boolean {
  return place === 'held' || (isFrozen && place !== 'handed')
}

function cellOf(from: string, to: string, active: readonly [string, FaultFacts][], waiting: number, isFrozen: boolean): Cell {
  const base = { from, to, cutBy: '' }
  const here = active.filter(([, { rule }]) => concernsLink(rule, from, to)).map(([name, { rule }]) => ({ name, rule }))
  const cut = here.find(({ rule }) => isCut(rule))
  if (cut) return { ...base, kind: 'cut', mark: '✕', label: `${from} to ${to}: cut${cut.name === cutName(from, to) ? '' : ` by ${cut.name}`}`, cutBy: cut.name }
  if (waiting > 0) return { ...base, kind: 'held', mark: `○${waiting}`, label: `${from} to ${to}: ${waiting} ${isFrozen ? 'waiting' : 'held'}` }
  const loss = 1 - here.reduce((passes, { rule }) => passes * (1 - lossOf(rule)), 1)
  if (loss > 0) return { ...base, kind: 'lossy', mark: String(Math.round(loss * 100)), label: `${from} to ${to}: loses ${Math.round(loss * 100)} %` }
  const late = here.reduce((ms, { rule }) => ms + delayOf(rule), 0)
  if (late > 0) return { ...base, kind: 'late', mark: `+${Math.round(late)}`, label: `${from} to ${to}: ${Math.round(late)} ms late` }
  const other = here[0]
  return { ...base, kind: other ? 'late' : 'open', mark: other ? '~' : '·', label: `${from} to ${to}: ${other ? other.name : 'open'}` }
}

/** True if no message gets through: a cut of only some kinds counts as lossy. */
function isCut({ effect, where }: Fault): boolean {
  return where.kinds.length === 0 && (effect.type === 'cut' || effect.type === 'isolate' || effect.type === 'partition')
}

function lossOf({ effect }: Fault): number {
  switch (effect.type) {
    case 'drop': return effect.probability
    case 'unreliable': return effect.requestLoss
    default: return 0
  }
}

/** The mean delay that a fault adds, in milliseconds. */
function delayOf({ effect }: Fault): number {
  if (effect.type !== 'delay') return 0
  const { delay } = effect
  switch (delay.type) {
    case 'constant': return delay.ms
    case 'uniform': return (delay.minMs + delay.maxMs) / 2
    case 'exponential': return delay.meanMs
  }
}

/** The effects of a fault so far: `19 lost, 3 late`; empty if none. */
export function doneText({ dropped, late, copied, held }: FaultFacts): string {
  const parts = [[dropped, 'lost'], [late, 'late'], [copied, 'copied'], [held, 'held']] as const
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(', ')
}

/** The cell that an arrow key moves to, skipping cells that are no links. */
export function nextCell(rows: readonly MatrixRow[], at: { from: string; to: string }, key: string): Cell | undefined {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key]
  if (!step) return undefined
  let row = rows.findIndex(({ from }) => from === at.from)
  let column = rows[row]?.cells.findIndex(({ to }) => to === at.to) ?? -1
  for (;;) {
    row += step[0] as number
    column += step[1] as number
    const cell = rows[row]?.cells[column]
    if (!cell || cell.kind !== 'none') return cell
  }
}
