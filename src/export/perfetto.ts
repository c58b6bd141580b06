// A trace for Perfetto and chrome://tracing (Chrome's JSON form). Each node is a process, with its incarnations, its steps and the view
// server's views as slices. Each message is a flow from the step that sent it to the step that took it; acts on the cluster are there too.
// Slices of one track must never overlap: they nest or follow one another, else Perfetto would move them.
import { kindOf } from '../protocol'
import { counted, eventLine, messageText, viewText, type EventOf, type TraceEvent, visible } from '../trace'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'
import { OperationTracks } from './perfetto-operations'
import { recordsIn, SliceTracks, traceRecord } from './perfetto-tracks'
import { stateText } from './state-text'

export const perfetto: Exporter = {
  title: 'Perfetto trace (Chrome JSON)',
  about: 'A timeline of processes, operations and messages that zooms, for ui.perfetto.dev and chrome://tracing.',
  extension: '.json',
  mimeType: 'application/json',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new PerfettoFormat(scene)),
}

/** The process of the lab; nodes get the next numbers. */
const labPid = 1
const lifeTid = 1
const stepsTid = 2
const viewsTid = 3
/** Faults and operations that overlap in time get a track each, from this one on. */
const firstLaneTid = 10

/** A step takes no cluster time. It is drawn this long, in microseconds, so that it is visible and an arrow can end in it. */
const stepMicroseconds = 1

/** A larger file may not open: a browser gives a page about 2 GB, and Perfetto needs several times the length of the JSON. */
const heavyCharacters = 400_000_000
/** How many events that prove a violation are written. */
const evidenceMax = 20

class PerfettoFormat implements Format {
  readonly notes: string[] = []
  readonly #scene: Scene
  readonly #pids = new Map<string, number>()
  readonly #slices = new SliceTracks()
  readonly #operations: OperationTracks
  /** Where the current or last step of each node is drawn; steps at the same time are drawn one after another. */
  readonly #stepAt = new Map<string, number>()
  /** The time at which each sending in the range is drawn. */
  readonly #sentAt = new WeakMap<EventOf<'message-sent'>, number>()
  readonly #faultTids = new Map<string, number>()
  #counterAt = -1
  #counted = -1
  #records = 0
  #characters = 0

  constructor(scene: Scene) {
    this.#scene = scene
    for (const { name } of scene.header.nodes) if (!this.#pids.has(name)) this.#pids.set(name, this.#pids.size + labPid + 1)
    this.#operations = new OperationTracks(this.#slices, (node) => this.#pids.get(node) ?? labPid, firstLaneTid)
  }

  get told(): string {
    return counted(this.#records, 'trace event')
  }

  before(event: TraceEvent): void {
    this.#operations.take(event, this.#scene.messages) // Discards the text: open slices begin where the range does.
  }

  begin(): string {
    const { state, range } = this.#scene
    let text = this.#nameOfProcess(labPid, 'lab')
    for (const { name, kind } of this.#scene.header.nodes) {
      const pid = this.#pidOf(name)
      text += this.#nameOfProcess(pid, name) + nameOfTrack(pid, lifeTid, 'life') + nameOfTrack(pid, stepsTid, 'steps')
      if (kind === 'view-server') text += nameOfTrack(pid, viewsTid, 'views')
    }
    for (const node of state.nodes.values()) {
      if (node.life === 'up' || node.life === 'paused') this.#slices.open(this.#pidOf(node.name), lifeTid, `life ${node.incarnation}`, state.at, { began: node.startedAt })
      if (node.life === 'paused') this.#slices.open(this.#pidOf(node.name), lifeTid, 'paused', state.at, {})
    }
    const current = state.views.at(-1)
    if (current) this.#openView(current.view, state.at, current.ackedAt >= 0)
    for (const [name, { isOn, text: what }] of state.faults) if (isOn) text += this.#faultBegins(name, what, state.at)
    text += this.#operations.begin(state.at)
    if (range.from > 1) text += this.#instant('range begins', stateText(state), state.at)
    // The first list entry has no comma before it.
    return '{"displayTimeUnit":"ms","traceEvents":[\n' + this.#count(text).replace(/^,\n/, '')
  }

  take(event: TraceEvent): string {
    return this.#count(this.#counter(event) + this.#takeStep(event) + this.#takeMessage(event) + this.#takeLife(event) + this.#takeLab(event)
      + this.#operations.take(event, this.#scene.messages))
  }

  *end(note: string): Generator<string> {
    const { state } = this.#scene
    yield this.#count(this.#operations.end(state.at) + this.#slices.closeAll(state.at) + (this.#counted >= 0 ? this.#counterRecord() : ''))
    if (this.#characters > heavyCharacters) {
      this.notes.push('The trace may be more than a browser holds in memory (some 2 GB): open it with trace_processor --httpd beside ui.perfetto.dev, or choose a shorter range.')
    }
    yield `\n],"otherData":${JSON.stringify({ title: this.#scene.header.title, seed: this.#scene.header.seed, note })}}\n`
  }

  // ---- steps and messages

  #takeStep(event: TraceEvent): string {
    switch (event.type) {
      case 'node-started':
      case 'timer-fired':
      case 'peer-lost':
      case 'acted':
      case 'operation-invoked':
      case 'message-taken': {
        const pid = this.#pidOf(event.node)
        const ts = Math.max(event.at, (this.#stepAt.get(event.node) ?? -stepMicroseconds) + stepMicroseconds)
        this.#stepAt.set(event.node, ts)
        const { kind, text } = eventLine(event, this.#scene.messages.sentOf)
        const args = { what: visible(text), seq: event.seq, life: event.incarnation, step: event.step }
        const slice = traceRecord({ ph: 'X', name: visible(kind), cat: 'step', pid, tid: stepsTid, ts, dur: stepMicroseconds, args })
        return event.type === 'message-taken' ? slice + this.#flow(event, ts) : slice
      }
      case 'role-changed':
      case 'transfer-installed':
      case 'view-cached':
      case 'ping-missed':
      case 'ping-resumed':
      case 'transfer-progress':
      case 'state-told':
      case 'program-level':
      case 'line-refused':
      case 'program-said':
      case 'note':
      case 'superseded': return this.#inStep(event)
      default: return ''
    }
  }

  /** Draws a node's report on its steps track. */
  #inStep(event: TraceEvent & { readonly node: string }): string {
    const { kind, text } = eventLine(event, this.#scene.messages.sentOf)
    const ts = this.#insideStep(event.node, event.at)
    return traceRecord({ ph: 'i', name: visible(`${kind} ${text}`), s: 't', pid: this.#pidOf(event.node), tid: stepsTid, ts, args: { seq: event.seq } })
  }

  /** A time inside the slice of the current step; the event's own time if the step began before the range. */
  #insideStep(node: string, at: number): number {
    const stepAt = this.#stepAt.get(node)
    return stepAt === undefined ? at : stepAt + stepMicroseconds / 2
  }

  #takeMessage(event: TraceEvent): string {
    switch (event.type) {
      case 'message-sent':
        // A step that began before the range has no slice for an arrow to begin in.
        if (this.#stepAt.has(event.from)) this.#sentAt.set(event, this.#insideStep(event.from, event.at))
        return ''
      // For a message that is taken, its arrow says all this; for one that is never taken, nothing else would.
      case 'message-delayed':
      case 'message-held':
      case 'message-released':
      case 'message-duplicated':
      case 'message-dropped': {
        const { process, kind, text } = eventLine(event, this.#scene.messages.sentOf)
        return traceRecord({ ph: 'i', name: visible(kind), s: 'p', pid: this.#pidOf(process), tid: stepsTid, ts: event.at, args: { what: visible(text), seq: event.seq } })
      }
      default: return ''
    }
  }

  /** Writes both ends at once: an arrow to a message that is never taken would lack an end. */
  #flow(event: EventOf<'message-taken'>, ts: number): string {
    const message = this.#scene.messages.find(event.id)
    const sentAt = message && this.#sentAt.get(message.sent)
    if (!message || sentAt === undefined) return ''
    const { sent } = message
    const shared = { name: kindOf(sent.message), cat: 'message', id: event.id }
    const args = { says: visible(messageText(sent.message)), met: message.met.map(visible), ...message.copiedBecause === '' ? {} : { copy: visible(message.copiedBecause) } }
    return traceRecord({ ph: 's', ...shared, pid: this.#pidOf(sent.from), tid: stepsTid, ts: sentAt, args })
      + traceRecord({ ph: 'f', bp: 'e', ...shared, pid: this.#pidOf(event.node), tid: stepsTid, ts: Math.max(sentAt, ts + stepMicroseconds / 2) })
  }

  // ---- incarnations and views

  #takeLife(event: TraceEvent): string {
    switch (event.type) {
      case 'node-started':
        this.#slices.open(this.#pidOf(event.node), lifeTid, `life ${event.incarnation}`, event.at, event.pid === 0 ? {} : { pid: event.pid })
        return ''
      case 'node-paused':
        this.#slices.open(this.#pidOf(event.node), lifeTid, 'paused', event.at, {})
        return ''
      // Only a pause nests inside an incarnation.
      case 'node-resumed': return this.#slices.depth(this.#pidOf(event.node), lifeTid) > 1 ? this.#slices.close(this.#pidOf(event.node), lifeTid, event.at) : ''
      case 'node-exited': return this.#slices.closeTrack(this.#pidOf(event.node), lifeTid, event.at, { ended: visible(eventLine(event, this.#scene.messages.sentOf).text) })
      case 'node-killed':
      case 'node-failed': {
        const name = event.type === 'node-killed' ? 'killed' : visible(event.reason)
        return traceRecord({ ph: 'i', name, s: 'p', pid: this.#pidOf(event.node), tid: lifeTid, ts: event.at, args: { seq: event.seq } })
      }
      case 'view-changed': {
        const closed = this.#slices.closeTrack(this.#pidOf(event.node), viewsTid, event.at)
        this.#openView(event.view, event.at, false)
        return closed + this.#instant(`view ${event.view.viewnum}`, viewText(event.view), event.at)
      }
      case 'view-acked': return this.#slices.depth(this.#pidOf(event.node), viewsTid) > 1 ? this.#slices.close(this.#pidOf(event.node), viewsTid, event.at) : ''
      default: return ''
    }
  }

  #openView(view: EventOf<'view-changed'>['view'], at: number, isAcked: boolean): void {
    const pid = this.#pids.get('vs') ?? labPid
    this.#slices.open(pid, viewsTid, viewText(view), at, { viewnum: view.viewnum })
    if (!isAcked) this.#slices.open(pid, viewsTid, 'not acked', at, {})
  }

  // ---- the lab

  #takeLab(event: TraceEvent): string {
    switch (event.type) {
      case 'fault-added': return event.isOn ? this.#faultBegins(event.fault, event.text, event.at) : ''
      case 'fault-switched':
        if (!event.isOn) return this.#faultEnds(event.fault, event.at, event.reason)
        return this.#faultBegins(event.fault, this.#scene.state.faults.get(event.fault)?.text ?? event.fault, event.at)
      case 'fault-removed': return this.#faultEnds(event.fault, event.at, event.reason)
      case 'frozen':
      case 'thawed':
      case 'violation':
      case 'stuck':
      case 'stalled':
      case 'lab-note':
      case 'scenario-step':
      case 'workload-started':
      case 'workload-stopped':
      case 'break-added':
      case 'break-removed':
      case 'branched': {
        const { kind, text } = eventLine(event, this.#scene.messages.sentOf)
        return this.#instant(kind, text, event.at, event.type === 'violation' ? { evidence: event.evidence.slice(0, evidenceMax) } : {})
      }
      default: return ''
    }
  }

  #faultBegins(name: string, text: string, at: number): string {
    if (this.#faultTids.has(name)) return ''
    let tid = firstLaneTid
    for (const used = new Set(this.#faultTids.values()); used.has(tid);) tid++
    this.#faultTids.set(name, tid)
    this.#slices.open(labPid, tid, visible(name), at, { what: visible(text) })
    return nameOfTrack(labPid, tid, `faults ${tid - firstLaneTid + 1}`)
  }

  #faultEnds(name: string, at: number, reason: string): string {
    const tid = this.#faultTids.get(name)
    if (tid === undefined) return ''
    this.#faultTids.delete(name)
    return this.#slices.close(labPid, tid, at, { ended: visible(reason) })
  }

  #instant(kind: string, text: string, at: number, more: Readonly<Record<string, unknown>> = {}): string {
    return traceRecord({ ph: 'i', name: visible(kind), s: 'g', pid: labPid, tid: lifeTid, ts: at, args: { what: visible(text), seq: this.#scene.state.seq, ...more } })
  }

  /** One value for each time: the last. */
  #counter(event: TraceEvent): string {
    if (event.at === this.#counterAt) {
      this.#counted = this.#scene.messages.inFlightCount
      return ''
    }
    const text = this.#counted < 0 ? '' : this.#counterRecord()
    this.#counterAt = event.at
    this.#counted = this.#scene.messages.inFlightCount
    return text
  }

  #counterRecord(): string {
    return traceRecord({ ph: 'C', name: 'messages in flight', pid: labPid, tid: 0, ts: this.#counterAt, args: { messages: this.#counted } })
  }

  #count(text: string): string {
    this.#records += recordsIn(text)
    this.#characters += text.length
    return text
  }

  #nameOfProcess(pid: number, name: string): string {
    return traceRecord({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name: visible(name) } })
      + traceRecord({ ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } })
  }

  #pidOf(node: string): number {
    return this.#pids.get(node) ?? labPid
  }
}

function nameOfTrack(pid: number, tid: number, name: string): string {
  return traceRecord({ ph: 'M', name: 'thread_name', pid, tid, args: { name } })
}
