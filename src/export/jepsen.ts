// A history for Jepsen, Knossos and Elle: one EDN map a line. Their rules: a process has one open operation at a time, and after an
// operation whose outcome is unknown it never acts again, so the client goes on under a new process number.
// A history says what clients saw and nothing of messages. history.ts reads it again.
import { counted, type EndedOutcome, type EventOf, type TraceEvent } from '../trace'
import { ednString, ednStringOrNil } from './edn-text'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'

export const jepsen: Exporter = {
  title: 'Jepsen history (EDN)',
  about: 'What the clients saw and what was done to the cluster, for Jepsen, Knossos and programs that read their histories.',
  extension: '.edn',
  mimeType: 'application/edn',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new JepsenFormat(scene)),
}

interface OpenOperation {
  readonly invoked: EventOf<'operation-invoked'>
  readonly process: number
  /** True once its invocation is in the file. */
  isTold: boolean
}

class JepsenFormat implements Format {
  readonly notes: string[] = []
  readonly #scene: Scene
  /** By client, incarnation and operationId. */
  readonly #open = new Map<string, OpenOperation>()
  /** Process numbers of each life of a client that are free for its next operation. */
  readonly #free = new Map<string, number[]>()
  #processes = 0
  #index = 0

  constructor(scene: Scene) {
    this.#scene = scene
  }

  before(event: TraceEvent): void {
    this.#take(event)
  }

  /** Operations that are open where the range begins are invoked before it: their results would have no beginning otherwise. */
  begin(): string {
    if (this.#open.size > 0) {
      this.notes.push(`${counted(this.#open.size, 'operation')} of the history began before the range; the invocations stand at its top, with their own times.`)
    }
    return [...this.#open.values()].map((open) => this.#invocation(open)).join('')
  }

  take(event: TraceEvent): string {
    return this.#take(event)
  }

  *end(note: string): Generator<string> {
    if (note !== '') yield `; ${note}\n`
    if (this.#open.size > 0) this.notes.push(`${counted(this.#open.size, 'operation')} had not returned at the end and ${this.#open.size === 1 ? 'stays' : 'stay'} open in the history.`)
  }

  /** Before the range the same, and nothing of it is written: `#line` counts only what is. */
  #take(event: TraceEvent): string {
    switch (event.type) {
      case 'operation-invoked': return this.#invoked(event)
      case 'operation-returned': return this.#returned(event)
      case 'node-exited': return this.#clientDied(event) + this.#nemesis(event, 'exit', event.node)
      case 'node-started': return event.incarnation > 1 ? this.#nemesis(event, 'restart', event.node) : ''
      case 'node-killed': return this.#nemesis(event, 'kill', event.node)
      case 'node-paused': return this.#nemesis(event, 'pause', event.node)
      case 'node-resumed': return this.#nemesis(event, 'resume', event.node)
      case 'fault-added': return event.isOn ? this.#fault(event, 'start-fault', event.fault, event.text) : ''
      case 'fault-switched': return this.#fault(event, event.isOn ? 'start-fault' : 'stop-fault', event.fault, event.reason)
      case 'fault-removed': return this.#fault(event, 'stop-fault', event.fault, event.reason)
      default: return ''
    }
  }

  get #isInRange(): boolean {
    return this.#scene.state.seq >= this.#scene.range.from
  }

  #invoked(event: EventOf<'operation-invoked'>): string {
    const process = this.#free.get(lifeOf(event))?.pop() ?? this.#processes++
    const open: OpenOperation = { invoked: event, process, isTold: false }
    this.#open.set(keyOf(event, event.operation.operationId), open)
    return this.#isInRange ? this.#invocation(open) : ''
  }

  #invocation(open: OpenOperation): string {
    open.isTold = true
    const { invoked, process } = open
    return this.#line({ process: String(process), type: ':invoke', at: invoked.at, rest: `${called(invoked)}, :client ${ednString(invoked.node)}` })
  }

  #returned(event: EventOf<'operation-returned'>): string {
    const key = keyOf(event, event.operationId)
    const open = this.#open.get(key)
    if (!open) return ''
    this.#open.delete(key)
    if (event.outcome.type !== 'unknown') this.#freeProcess(lifeOf(event), open.process)
    return this.#completion(open, event.at, completed(open.invoked, event.outcome))
  }

  /** What its client had open is unknown for ever. */
  #clientDied(event: EventOf<'node-exited'>): string {
    const died = [...this.#open].filter(([, { invoked }]) => lifeOf(invoked) === lifeOf(event))
    this.#free.delete(lifeOf(event))
    return died.map(([key, open]) => {
      this.#open.delete(key)
      return this.#completion(open, event.at, { type: ':info', rest: `${called(open.invoked)}, :error :client-died` })
    }).join('')
  }

  #completion(open: OpenOperation, at: number, { type, rest }: Completed): string {
    return this.#isInRange ? this.#line({ process: String(open.process), type, at, rest: `${rest}, :client ${ednString(open.invoked.node)}` }) : ''
  }

  #freeProcess(life: string, process: number): void {
    const free = this.#free.get(life) ?? []
    free.push(process)
    this.#free.set(life, free)
  }

  #nemesis(event: TraceEvent, act: string, node: string): string {
    return this.#isInRange ? this.#line({ process: ':nemesis', type: ':info', at: event.at, rest: `:f :${act}, :value [${ednString(node)}]` }) : ''
  }

  #fault(event: TraceEvent, act: string, fault: string, text: string): string {
    return this.#isInRange
      ? this.#line({ process: ':nemesis', type: ':info', at: event.at, rest: `:f :${act}, :value {:fault ${ednString(fault)}, :text ${ednString(text)}}` })
      : ''
  }

  #line({ process, type, at, rest }: { process: string; type: string; at: number; rest: string }): string {
    return `{:process ${process}, :type ${type}, ${rest}, :time ${nanoseconds(at)}, :index ${this.#index++}}\n`
  }
}

interface Completed {
  readonly type: ':ok' | ':fail' | ':info'
  readonly rest: string
}

/** An operation as it was asked for: nil is a key that must be missing, or a value that is not known yet. */
function called({ operation: { operation } }: EventOf<'operation-invoked'>): string {
  const of = (f: string, value: string): string => `:f :${f}, :key ${ednString(operation.key)}, :value ${value}`
  switch (operation.type) {
    case 'put': return of('write', ednString(operation.value))
    case 'append': return of('append', ednString(operation.value))
    case 'get': return of('read', 'nil')
    case 'delete': return of('delete', 'nil')
    case 'cas': return of('cas', `[${ednStringOrNil(operation.expected)} ${ednString(operation.value)}]`)
  }
}

function completed(invoked: EventOf<'operation-invoked'>, outcome: EndedOutcome): Completed {
  const rest = called(invoked)
  switch (outcome.type) {
    case 'unknown': return { type: ':info', rest: `${rest}, :error ${errorText(outcome)}` }
    case 'failed': return { type: ':fail', rest: `${rest}, :error ${errorText(outcome)}` }
    case 'ok': {
      const { result } = outcome
      switch (result.type) {
        case 'done': return { type: ':ok', rest: invoked.operation.operation.type === 'delete' ? withValue(rest, 'true') : rest }
        case 'missing': return { type: ':ok', rest: invoked.operation.operation.type === 'delete' ? withValue(rest, 'false') : rest }
        case 'value': return { type: ':ok', rest: withValue(rest, ednString(result.value)) }
        case 'mismatch': return { type: ':fail', rest: `${rest}, :error [:mismatch ${ednStringOrNil(result.actual)}]` }
        case 'too-large': return { type: ':fail', rest: `${rest}, :error :too-large` }
      }
    }
  }
}

/** A keyword of ours, or what an imported history said. */
function errorText(outcome: Exclude<EndedOutcome, { type: 'ok' }>): string {
  return outcome.reason === 'told' ? ednString(outcome.told) : `:${outcome.reason}`
}

/** Of a read: what it found, nil for a missing key. Of a delete: whether the key was there. */
function withValue(rest: string, value: string): string {
  return rest.replace(/nil$/, () => value)
}

function lifeOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }): string {
  return `${node}.${incarnation}`
}

function keyOf(event: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${lifeOf(event)}.${operationId}`
}

/** Microseconds times 1000 as text: the number itself may pass what a double holds exactly. */
function nanoseconds(at: number): string {
  return at === 0 ? '0' : `${Math.round(at)}000`
}
