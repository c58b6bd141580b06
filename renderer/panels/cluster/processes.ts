// The words and glyphs of the cluster panel, from the folded state at a moment. Pure.
// It must never mix what the view server says (`says`, the fact) with what a process believes (`believes`).
import { currentView, isDeadToViewServer, stuckSentence, waitingSentence, whyNoSteps, type ClusterState, type Life, type NodeFacts, type TraceHeader } from '../../../src/trace'
import type { NodeKind, Stuck } from '../../../src/protocol'
import type { Meaning } from '../../glyphs/names'
import { secondsText } from '../../words/figures'

export type Tone = 'primary' | 'backup' | 'idle' | 'dead' | 'paused' | 'none'

/** A word with its glyph and its colour. */
export interface Saying {
  readonly word: string
  readonly glyph: Meaning
  readonly tone: Tone
}

export interface ProcessRow {
  readonly name: string
  readonly kind: NodeKind
  readonly life: Life
  readonly says: Saying
  /** null: it has no belief of its own (the view server). */
  readonly believes: Saying | null
  /** The difference between `says` and `believes` in words; '' when they agree. */
  readonly differs: string
  readonly viewnum: string
  readonly pid: number
  readonly detail: string
  readonly meter: { readonly cells: number; readonly filled: number; readonly words: string } | null
  /** The last lines of standard error of a process that exited by itself. */
  readonly lastWords: string
  /** The whole row as text for a screen reader. */
  readonly spoken: string
}

/** Most cells of the ping meter; with a larger `deadPings` each cell stands for several checks. */
const meterCellsMax = 5

/** Rows in the order of the header; `now` is cluster time at the cursor in microseconds. */
export function processRows(state: ClusterState | null, now: number): ProcessRow[] {
  return state === null ? [] : [...state.nodes.values()].map((node) => rowOf(state, node, now))
}

function rowOf(state: ClusterState, node: NodeFacts, now: number): ProcessRow {
  const says = saysOf(state, node)
  const believes = beliefOf(node)
  const meter = meterOf(state, node)
  const viewnum = viewnumOf(node)
  const spoken = [
    `${node.name}: ${says.word}`, node.kind === 'replica' && node.life === 'up' && believes ? `believes ${believes.word}` : '',
    viewnum === '' || viewnum === '–' ? '' : `view ${viewnum}`, isGone(node) && says.word !== 'dead' ? 'its process is gone' : '',
    node.life === 'paused' ? 'paused' : '', meter !== null && node.missed > 0 ? meter.words : '',
  ].filter(Boolean).join(', ')
  return {
    name: node.name, kind: node.kind, life: node.life, says, believes, differs: differenceOf(says, node), viewnum, pid: isGone(node) ? 0 : node.pid,
    detail: whyNoSteps(state.header) !== '' ? 'of an imported history' : detailOf(node, now), meter, spoken, lastWords: lastWordsOf(node),
  }
}

/** Why the process could not be started, or its standard error if it exited by itself. */
function lastWordsOf(node: NodeFacts): string {
  if (node.life === 'failed') return node.failure
  return node.life === 'dead' && !node.wasKilled ? (node.exit?.stderr ?? '').trim() : ''
}

function saysOf(state: ClusterState, node: NodeFacts): Saying {
  if (node.kind === 'view-server') return isGone(node) ? { word: 'dead', glyph: 'dead', tone: 'dead' } : { word: 'view server', glyph: 'vs', tone: 'none' }
  if (node.kind !== 'replica') return { word: node.kind, glyph: node.kind, tone: 'none' }
  if (isDeadToViewServer(state, node)) return { word: 'dead', glyph: 'dead', tone: 'dead' }
  if (node.says !== null) return { word: node.says, glyph: node.says, tone: node.says }
  return node.lastPingAt < 0 ? { word: 'unknown', glyph: 'none', tone: 'none' } : { word: 'idle', glyph: 'idle', tone: 'idle' }
}

function beliefOf(node: NodeFacts): Saying | null {
  // A client has no belief about roles, only a cached view; the row shows the number of that view.
  if (node.kind !== 'replica') return node.life === 'paused' ? { word: 'paused', glyph: 'paused', tone: 'paused' } : null
  switch (node.life) {
    case 'none': return null
    case 'dead':
    case 'failed': return { word: 'gone', glyph: 'none', tone: 'none' }
    case 'paused': return { word: 'paused', glyph: 'paused', tone: 'paused' }
    case 'up': return node.believes === null ? { word: 'nothing', glyph: 'none', tone: 'none' } : { word: node.believes, glyph: node.believes, tone: node.believes }
  }
}

const isGone = (node: NodeFacts): boolean => node.life === 'dead' || node.life === 'failed'

/** The difference of a running server whose believed role is not the view server's; a paused or ended server believes nothing. */
function differenceOf(says: Saying, node: NodeFacts): string {
  if (node.kind !== 'replica' || node.life !== 'up' || node.believes === null || node.believes === says.word) return ''
  return `The view server says ${says.word}, ${node.name} believes ${node.believes}.`
}

function viewnumOf(node: NodeFacts): string {
  if (node.kind === 'view-server') return ''
  return isGone(node) || node.viewnum === 0 ? '–' : String(node.viewnum)
}

function detailOf(node: NodeFacts, now: number): string {
  switch (node.life) {
    case 'none': return 'starting'
    case 'failed': return 'could not be started'
    case 'dead': return `${node.wasKilled ? 'killed' : 'ended by itself'} ${secondsText(node.endedAt)}`
    case 'up':
    case 'paused': {
      if (node.program) return `program, ${node.program.level === null ? 'not initialised yet' : `level ${node.program.level}`}`
      if (node.kind !== 'replica') return ''
      if (node.missed > 0) return `${node.missed} ${node.missed === 1 ? 'ping' : 'pings'} missed`
      return node.lastPingAt < 0 ? 'no ping yet' : `ping ${durationText(now - node.lastPingAt)} ago`
    }
  }
}

function meterOf(state: ClusterState, node: NodeFacts): ProcessRow['meter'] {
  if (node.kind !== 'replica') return null
  const dead = state.header.settings.deadPings
  const cells = Math.min(dead, meterCellsMax)
  const missed = Math.min(node.missed, dead)
  return { cells, filled: Math.ceil((missed / dead) * cells), words: `${missed} of ${dead} ping checks missed` }
}

/** The content of the view card. */
export interface ViewWords {
  readonly viewnum: number
  readonly primary: string
  readonly backups: readonly string[]
  readonly acked: boolean
  readonly state: string
}

export function viewWords(state: ClusterState | null, now: number): ViewWords {
  const current = state === null ? undefined : currentView(state)
  if (state === null || current === undefined) return { viewnum: 0, primary: '', backups: [], acked: false, state: 'The first server that pings makes view 1.' }
  const { viewnum, primary, backups } = current.view
  const acked = current.ackedAt >= 0
  const waiting = `waits ${durationText(now - current.at)} for the ack of ${primary?.name ?? 'its primary'}`
  return {
    viewnum, primary: primary?.name ?? 'nobody', backups: backups.map((backup) => backup.name), acked,
    state: acked ? `acked after ${durationText(current.ackedAt - current.at)} · since ${secondsText(current.at)}`
    : state.stuck !== null ? waiting : waitingSentence(state) ?? waiting,
  }
}

/** Milliseconds, or seconds from one second on. */
function durationText(micros: number): string {
  const ms = Math.max(0, Math.round(micros / 1000))
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}

export function stuckWords(state: ClusterState | null): { readonly title: string; readonly text: string } | null {
  if (state === null || state.stuck === null) return null
  return { title: stuckTitle(state.stuck), text: stuckSentence(state.stuck, state) }
}

function stuckTitle(stuck: Stuck): string {
  switch (stuck.type) {
    case 'ack-of-dead-primary':
    case 'no-live-backup': return 'Stuck, and it will stay stuck'
    case 'ack-waits-for-dead-backup': return `Stuck until ${stuck.backup} is back`
    case 'history-lost': return 'No view can be made any more'
  }
}

/** "3 replicas, 1 backup wanted". */
export function clusterWords(header: TraceHeader | null): string {
  if (header === null) return ''
  if (whyNoSteps(header) !== '') return 'the clients of an imported history'
  const servers = header.nodes.filter(({ kind }) => kind === 'server').length
  if (servers > 0) return `${servers} ${servers === 1 ? 'server' : 'servers'}, ${new Set(header.nodes.flatMap(({ kind, program }) => kind === 'server' ? [program] : [])).size === 1 ? 'of one program' : 'of several programs'}`
  const replicas = header.nodes.filter((node) => node.kind === 'replica').length
  const { backupsWanted, replication } = header.settings
  return `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, ${backupsWanted} ${backupsWanted === 1 ? 'backup' : 'backups'} wanted${replication === 'asynchronous' ? ', asynchronous' : ''}`
}

/** The facts about each process that the command palette needs. */
export function processFacts(state: ClusterState | null): { name: string; kind: ProcessRow['kind']; role: string; life: Life }[] {
  if (state === null) return []
  // Replicas first, because people act on them most.
  const order: readonly NodeKind[] = ['replica', 'server', 'client', 'view-server', 'service']
  return [...state.nodes.values()].sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
    .map((node) => ({ name: node.name, kind: node.kind, role: roleWords(node), life: node.life }))
}

function roleWords(node: NodeFacts): string {
  if (node.kind === 'view-server') return 'the view server'
  if (node.kind === 'client') return ''
  switch (node.says) {
    case 'primary': return 'the primary'
    case 'backup': return 'a backup'
    case 'idle':
    case null: return 'idle'
  }
}
