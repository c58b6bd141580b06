// What happened, in sentences: who did what, then why. The one place where events, causes, outcomes and being stuck become words.
// Pure. A sentence names times and nodes; it must never guess or blame.
import { fieldsOf, heldIn, kindOf, type InOwnWords, type Message, type NodeName, type ProgramError, type Stuck, type View, type ViewCause } from '../protocol'
import type { DropReason, EndedOutcome, EventOf, TraceEvent, TraceHeader } from './event'
import type { ClusterState, ViewFacts } from './fold'
import { currentView, isDeadToViewServer } from './fold'
import type { OperationFacts } from './operations'
import type { AnyOperation, AnyResult, Recorded } from './recorded'
import { stalledMs, type Silence } from './stalls'
import { visible } from './visible'

/** Finds the event in which a message was sent; undefined if it is not known. */
export type SentOf = (id: string) => EventOf<'message-sent'> | undefined

/** A line of the log: its node, the kind of event, and the rest. */
export interface EventLine {
  /** The node that the line belongs to; empty for the lab itself. */
  readonly process: NodeName | ''
  readonly kind: string
  readonly text: string
}

/** Values in lines are cut to this many characters, and their length is added. */
const shownCharacters = 60

export function eventLine(event: TraceEvent, sentOf: SentOf): EventLine {
  if (event.type.startsWith('message-')) return messageLine(event, sentOf)
  switch (event.type) {
    case 'node-started': return line(event.node, 'started', `${event.pid === 0 ? '' : `pid ${event.pid}, `}incarnation ${event.incarnation}${event.incarnation > 1 ? ', with empty memory' : ''}`)
    case 'node-killed': return line(event.node, 'killed', 'SIGKILL')
    case 'node-exited': return line(event.node, 'exited', exitText(event))
    case 'node-failed': return line(event.node, 'not started', event.reason)
    case 'node-paused': return line(event.node, 'paused', 'SIGSTOP')
    case 'node-resumed': return line(event.node, 'resumed', 'SIGCONT')
    case 'timer-fired': return line(event.node, 'timer', `${event.name}, the ${ordinal(event.armed)} time`)
    case 'peer-lost': return line(event.node, 'peer lost', `the connection to ${event.peer} ended`)
    case 'acted': return line(event.node, 'acted', 'by itself, for no reason that it told')
    case 'operation-invoked': return line(event.node, 'invoked', operationText(event.operation.operation) + (event.operation.target ? `, straight to ${event.operation.target}` : ''))
    case 'operation-started': return line(event.node, 'took up', `as request ${event.clientId} #${event.requestId}`)
    case 'operation-returned': return line(event.node, 'returned', `${outcomeText(event.outcome)}${event.tries > 1 ? `, ${event.tries} tries` : ''}`)
    case 'workload-started': return line('', 'workload', event.text)
    case 'workload-stopped': return line('', 'workload', 'stopped')
    case 'branched': return line('', 'branch', `from ${event.parent.title || 'a recording'} at event #${event.parent.seq}: ${event.processes.length === 1 ? '1 process' : `${event.processes.length} processes`} stepped again`)
    case 'stalled': return line(event.node, 'machine stalled', stallText(event))
    case 'lab-note': return line(event.node, 'note', event.text)
    case 'violation': return line('', `${event.rule} broken`, event.text)
    default: return controlLine(event) ?? programLine(event) ?? reportLine(event)
  }
}

/** What a person or a scenario set up. */
function controlLine(event: TraceEvent): EventLine | undefined {
  switch (event.type) {
    case 'frozen': return line('', 'frozen', `${event.reason}; ${counted(event.timers.length, 'timer')} ${event.timers.length === 1 ? 'waits' : 'wait'}`)
    case 'timers-stopped': return line(event.node, 'timers', event.timers.map(({ name, remainingMs }) => `${name} in ${Math.round(remainingMs)} ms`).join(', ') || 'none')
    case 'thawed': return line('', 'thawed', `freeze ${event.freeze} is over`)
    case 'fault-added': return line('', event.isOn ? 'fault' : 'fault planned', `${event.text}${planText(event.plan)}`)
    case 'fault-switched': return line('', event.isOn ? 'fault on' : 'fault off', `${event.fault}: ${event.reason}`)
    case 'fault-removed': return line('', 'fault removed', `${event.fault}: ${event.reason}`)
    case 'break-added': return line('', 'break set', `freeze when ${event.text}`)
    case 'break-removed': return line('', 'break removed', event.name)
    case 'scenario-step': return line('', `step ${event.step} ${event.state}`, `${event.text}${event.detail ? `: ${event.detail}` : ''}`)
    default: return undefined
  }
}

/** What a program that is not ours said. */
function programLine(event: TraceEvent): EventLine | undefined {
  switch (event.type) {
    case 'program-level': return line(event.node, `level ${event.level}`, event.reason)
    case 'state-told': return line(event.node, 'state', shorten(JSON.stringify(event.state)))
    case 'line-refused': return line(event.node, 'line refused', `${event.reason}: ${shorten(event.line)}`)
    case 'program-said': return line(event.node, 'said', shorten(event.text))
    default: return undefined
  }
}

/** When a planned fault begins and ends: `, in 2 s for 3 s`; empty for one that is there at once and stays. */
export function planText({ inMs, forMs }: { readonly inMs: number; readonly forMs: number }): string {
  return `${inMs > 0 ? `, in ${inMs / 1000} s` : ''}${forMs > 0 ? `${inMs > 0 ? '' : ','} for ${forMs / 1000} s` : ''}`
}

function reportLine(event: TraceEvent): EventLine {
  switch (event.type) {
    case 'view-changed': return line(event.node, 'view changed', `${viewText(event.view)}. ${causeText(event.cause)}`)
    case 'view-acked': return line(event.node, 'view acked', `view ${event.view.viewnum} acked by ${event.view.primary?.name ?? 'nobody'}`)
    case 'ping-missed': return line(event.node, 'ping missed', `${event.server} missed ${event.missed} ${event.missed === 1 ? 'check' : 'checks'}`)
    case 'ping-resumed': return line(event.node, 'ping resumed', `${event.server} pings again`)
    case 'stuck': return line(event.node, event.stuck ? 'stuck' : 'no longer stuck', event.stuck ? stuckSentence(event.stuck) : 'the cluster can go on')
    case 'role-changed': return line(event.node, 'believes', roleText(event))
    case 'transfer-progress':
      return line(event.node, 'transfer', `to ${event.to}: ${event.chunks} ${event.chunks === 1 ? 'chunk' : 'chunks'} acked, ${bytesText(event.bytes)} sent${event.done ? ', done' : ''}`)
    case 'transfer-installed': return line(event.node, 'installed', `the state of ${event.from}: ${counted(event.keys, 'key')}, executed ${event.executed}`)
    case 'view-cached': return line(event.node, 'knows view', `view ${event.viewnum}`)
    case 'note': return line(event.node, 'note', event.text)
    case 'superseded': return line(event.node, 'superseded', `incarnation ${event.by} of ${event.node} has pinged; this one must end`)
    default: return line('', event.type, '')
  }
}

function messageLine(event: TraceEvent, sentOf: SentOf): EventLine {
  switch (event.type) {
    case 'message-sent': return line(event.from, `${kindOf(event.message)} sent`, `to ${event.to} ${messageText(event.message)}`.trimEnd())
    case 'message-handed': return received(event, 'handed over', sentOf)
    case 'message-taken': return received(event, 'delivered', sentOf)
    case 'message-dropped': {
      const sent = sentOf(event.id)
      const to = sent?.to ?? '?'
      return line(sent?.from ?? '', `${sent ? kindOf(sent.message) : 'message'} lost`, `to ${to} ${sent ? messageText(sent.message) : event.id}: ${dropText(event.reason, to)}`)
    }
    case 'message-delayed': return received(event, 'late', sentOf, `${Math.round(event.ms * 10) / 10} ms by ${event.fault}`)
    case 'message-held': return received(event, 'held', sentOf, event.reason)
    case 'message-released': return received(event, 'released', sentOf, event.reason)
    case 'message-duplicated': return received(event, 'duplicated', sentOf, event.reason)
    default: return line('', event.type, '')
  }
}

function received(event: TraceEvent & { readonly id: string }, word: string, sentOf: SentOf, reason = ''): EventLine {
  const sent = sentOf(event.id)
  if (!sent) return line('', `message ${word}`, event.id)
  return line(sent.to, `${kindOf(sent.message)} ${word}`, `from ${sent.from} ${messageText(sent.message)}${reason ? `: ${reason}` : ''}`.trimEnd())
}

function line(process: NodeName | '', kind: string, text: string): EventLine {
  return { process, kind, text }
}

// ---- messages

/** What a message says, without its type: `view 2 seq 58 put a 1`. */
export function messageText(message: Recorded<Message>): string {
  switch (message.type) {
    case 'ping': return `view ${message.viewnum}`
    case 'view-reply': return message.view.viewnum === 0 ? 'no view yet' : `view ${message.view.viewnum}`
    case 'superseded': return `by incarnation ${message.incarnation}`
    case 'request': return `${operationText(message.operation)} ${message.clientId} #${message.requestId}, view ${message.viewnum}`
    case 'reply': return `${message.clientId} #${message.requestId} ${resultText(message.result)}${message.replayed ? ', from the table' : ''}`
    case 'rejected': return `${message.clientId} #${message.requestId} ${message.reason}, view ${message.viewnum}`
    case 'not-yet': return `view ${message.viewnum} is what it knows`
    case 'forward': return `seq ${message.seq} ${operationText(message.operation)}, view ${message.viewnum}`
    case 'forward-ack': return `executed up to ${message.executed}, view ${message.viewnum}`
    case 'state-transfer': return `chunk ${message.chunk + 1}${message.last ? ', the last' : ''}: ${counted(message.entries.length, 'key')}, view ${message.viewnum}`
    case 'state-transfer-ack': return `chunk ${message.chunk + 1}${message.installed ? ', installed' : ''}, view ${message.viewnum}`
    case 'restarted': return `as incarnation ${message.fromIncarnation}, view ${message.viewnum}`
    case 'foreign': return bodyText(message)
    case 'get-view':
    case 'query':
    case 'query-reply': return ''
  }
}

export function dropText(reason: DropReason, to: NodeName): string {
  switch (reason.type) {
    case 'receiver-dead': return `${to} is dead`
    case 'receiver-restarted': return `it was meant for an earlier life of ${to}`
    case 'no-such-node': return `there is no node ${to}`
    case 'queue-full': return `too much mail waits for ${to}`
    case 'not-carried': return `no connection carried it to ${to}`
    case 'fault': return reason.fault
    case 'by-hand': return 'dropped by hand'
  }
}

// ---- operations

/** A body in a program's own words, cut for a line; empty if it has nothing but its kind. */
function bodyText({ body }: InOwnWords): string {
  const text = JSON.stringify(body)
  return text === '{}' ? '' : shorten(text)
}

/** `put x 1`, `get x`, `cas x 1 → 2`. */
export function operationText(operation: AnyOperation): string {
  if (operation.type === 'call') return `${shorten(operation.kind)} ${bodyText(operation)}`.trimEnd()
  const held = fieldsOf(operation.type).map((field) => heldIn(operation, field)).map((bytes) => bytes === null ? '(missing)' : shorten(bytes))
  return [operation.type, shorten(operation.key), ...held.length > 0 ? [held.join(' → ')] : []].join(' ')
}

export function resultText(result: AnyResult): string {
  switch (result.type) {
    case 'done': return 'ok'
    case 'value': return `"${shorten(result.value)}"`
    case 'missing': return 'no such key'
    case 'mismatch': return result.actual === null ? 'mismatch: no such key' : `mismatch: it is "${shorten(result.actual)}"`
    case 'too-large': return 'the value would be over 8 MiB'
    case 'answered': return `${shorten(result.kind)} ${bodyText(result)}`.trimEnd()
  }
}

/** An outcome in a few words. */
export function outcomeText(outcome: EndedOutcome): string {
  switch (outcome.type) {
    case 'ok': return `${resultText(outcome.result)}${outcome.replayed ? ', from the table' : ''}`
    case 'failed': return `failed: ${failText(outcome)}`
    case 'unknown': return `unknown: ${unknownText(outcome)}`
  }
}

/** An operation that has ended, as a whole sentence. */
export function outcomeSentence(operation: OperationFacts): string {
  const { outcome } = operation
  const what = operationText(operation.operation)
  if (!outcome) return `${what} waits for an answer.`
  switch (outcome.type) {
    case 'ok':
      return outcome.replayed
        ? `${what}: ${resultText(outcome.result)}, from the table (first executed as seq ${outcome.seq} in view ${outcome.executedViewnum}).`
        : `${what}: ${resultText(outcome.result)}${outcome.by === '' ? '' : `, by ${outcome.by} in view ${outcome.viewnum}`}.`
    case 'failed': return `${what} failed: ${failText(outcome)}. It had no effect.`
    case 'unknown': return `${what} is unknown: ${unknownText(outcome)}, so it may have taken effect, or may yet.`
  }
}

function failText(outcome: Extract<EndedOutcome, { type: 'failed' }>): string {
  switch (outcome.reason) {
    case 'told': return toldText(outcome.told)
    case 'error': return errorText(outcome)
    case 'key-too-large': return 'its key is over 64 KiB'
    case 'value-too-large': return 'its value is or would be over 8 MiB'
    case 'too-many-waiting': return 'too many operations of this client wait already'
    case 'not-understood': return 'it is a request in a program\'s own words, and this client speaks others'
    case 'never-sent': return 'no view was known in time, so it was never sent'
    case 'not-primary': return `${outcome.by} refused, only the primary may serve (rule 5)`
  }
}

/** An error of a program: its number and what it wrote. */
function errorText({ by, code, text }: ProgramError): string {
  return `${by} answered with error ${code}${text === '' ? '' : `, ${shorten(text)}`}`
}

/** Why, in the words of the history that was imported. */
function toldText(told: string): string {
  return told === '' ? 'the history does not say why' : `the history says ${shorten(told)}`
}

function unknownText(outcome: Extract<EndedOutcome, { type: 'unknown' }>): string {
  switch (outcome.reason) {
    case 'told': return toldText(outcome.told)
    case 'error': return errorText(outcome)
    case 'timeout': return 'nobody answered in time'
    case 'deposed': return 'the server that was asked was primary and is no longer'
    case 'busy': return 'the primary was too busy to take it'
    case 'not-yet': return 'the server that was asked did not know the view yet'
  }
}

// ---- views

export function viewText(view: Recorded<View>): string {
  if (!view.primary) return `view ${view.viewnum}: no primary`
  const backups = view.backups.map(({ name }) => name)
  return `view ${view.viewnum}: ${view.primary.name} primary, ${backups.length === 0 ? 'no backup' : `${backups.join(', ')} ${backups.length === 1 ? 'backup' : 'backups'}`}`
}

/** Why a view was made, as a sentence. */
export function causeText(cause: Recorded<ViewCause>): string {
  if (cause.type === 'first-server') return `${cause.server} was the first server that pinged.`
  const parts = cause.left.map(({ server, because }) => `${server} ${leftText(because)}`)
  if (cause.promoted) parts.push(`${cause.promoted} takes over as primary`)
  if (cause.joined.length > 0) parts.push(`${cause.joined.join(', ')} ${cause.joined.length === 1 ? 'joins' : 'join'} as backup`)
  return `${parts.join(', ')}.`
}

/** The cause of a view, and the stalls of the machine that led to it. The facts must be of the latest state, because stalls are reported late. */
export function viewCauseText({ cause, silences }: ViewFacts, { settings }: Pick<TraceHeader, 'settings'>): string {
  const stalled = silences.map((silence) => silenceText(silence, stalledMs(silence, settings))).filter((text) => text !== '')
  return [causeText(cause), ...stalled].join(' ')
}

/** A sentence about the views that only stalls of the machine caused; empty if there are none. */
export function stalledViewsText({ views, header: { settings } }: ClusterState): string {
  const left = views.flatMap(({ view: { viewnum }, silences }) => silences.map((silence) => ({ viewnum, server: silence.server, ms: stalledMs(silence, settings) })))
  const stalled = left.filter(({ ms }) => ms > 0)
  if (stalled.length === 0) return ''
  const longest = Math.max(...stalled.map(({ ms }) => ms))
  return `This machine stalled for ${longest} ms: ${stalled.map(({ viewnum, server }) => `${server} left view ${viewnum - 1}`).join(', ')} for that, and for nothing that anybody did.`
}

function silenceText({ server }: Silence, ms: number): string {
  return ms === 0 ? '' : `${server} missed its pings because this machine stalled for ${ms} ms, not because of a failure.`
}

function stallText({ node, ms }: EventOf<'stalled'>): string {
  return node === '' ? `no message was carried for ${ms} ms, because this machine was too busy` : `${node} stalled for ${ms} ms, because this machine was too busy`
}

function leftText(because: 'missed-pings' | 'restarted' | 'not-initialised'): string {
  switch (because) {
    case 'missed-pings': return 'missed its pings'
    case 'restarted': return 'restarted and lost its memory'
    case 'not-initialised': return 'is no longer the life that was initialised'
  }
}

function roleText({ role, viewnum, serving }: EventOf<'role-changed'>): string {
  switch (role) {
    case 'primary': return `primary of view ${viewnum}${serving ? ', serves' : ', brings its backups up to date first'}`
    case 'backup': return `backup of view ${viewnum}${serving ? ', holds the primary\'s state' : ', waits for the primary\'s state'}`
    case 'idle': return `idle in view ${viewnum}`
  }
}

/** Why the cluster is stuck, in one or two sentences that name the rule. */
export function stuckSentence(stuck: Stuck, state?: ClusterState | null): string {
  const viewnum = state ? currentView(state)?.view.viewnum : undefined
  const view = viewnum === undefined ? 'The current view' : `View ${viewnum}`
  switch (stuck.type) {
    case 'ack-of-dead-primary':
      return stuck.restarted
        ? `${view} waits for the ack of ${stuck.primary}, and ${stuck.primary} has restarted with empty memory, so it may not serve. By rule 6 the view server may not change the view before that ack.`
        : `${view} waits for the ack of ${stuck.primary}, and ${stuck.primary} is dead. By rule 6 the view server may not change the view before that ack. A restarted ${stuck.primary} would be empty, so it may not serve.`
    case 'ack-waits-for-dead-backup':
      return `${view} is not acked: ${stuck.primary} must first send its state to ${stuck.backup}, and ${stuck.backup} does not answer. By rule 6 the view server may not change the view before the ack. ${stuck.backup} can still be restarted and take the state.`
    case 'no-live-backup':
      return `${stuck.primary} ${stuck.restarted ? 'has restarted with empty memory' : 'is dead'}, and no live backup has its data. ${view} can have no successor: an empty server must not serve (rule 2).`
    case 'history-lost':
      return 'The view server restarted and a server told it of a view that it does not know. It forms no view, for it could make an empty server primary. The old view keeps serving, without failover.'
  }
}

/** What a view that is not acked waits for; undefined if it is acked or there is none. */
export function waitingSentence(state: ClusterState): string | undefined {
  const current = currentView(state)
  if (!current || current.ackedAt >= 0) return undefined
  const { view } = current
  const primary = view.primary?.name ?? 'its primary'
  const transfer = [...state.transfers.values()].find(({ viewnum }) => viewnum === view.viewnum)
  if (transfer) return `View ${view.viewnum} is not acked yet: ${primary} sends its state to ${transfer.to}, ${counted(transfer.chunks, 'chunk')} acked.`
  const node = state.nodes.get(primary)
  if (node && isDeadToViewServer(state, node)) return `View ${view.viewnum} is not acked: ${primary} does not ping.`
  return `View ${view.viewnum} is not acked yet: ${primary} has not pinged with it.`
}

// ---- words

function exitText({ code, signal, stderr }: EventOf<'node-exited'>): string {
  const how = signal ?? `status ${code}`
  return stderr === '' ? how : `${how}: ${stderr.split('\n').at(-1) ?? ''}`
}

/** Cuts long text for a line, adds its length and escapes invisible characters; never changes what is stored. */
export function shorten(text: string): string {
  if (text === '') return '""'
  return text.length <= shownCharacters ? visible(text) : `${visible(text.slice(0, shownCharacters))}… (${bytesText(text.length)})`
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 102.4) / 10} KB`
  return `${Math.round(bytes / 104_857.6) / 10} MB`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function ordinal(count: number): string {
  const last = count % 10
  const isTeen = Math.floor(count / 10) % 10 === 1
  return `${count}${!isTeen && last === 1 ? 'st' : !isTeen && last === 2 ? 'nd' : !isTeen && last === 3 ? 'rd' : 'th'}`
}
