// A history for Jepsen, Knossos and Elle: one EDN map per line. Their rules: a process has one open operation at a time, and never acts again
// after one with an unknown outcome. The client then continues under a new process number. A history has what clients saw and no messages.
// It must never look better than the run: an answer that no store can give makes checkers fail, or the file says that it cannot be judged.
// history.ts reads it back.
import { counted, grouped, type AnyResult, type EventOf, type TraceEvent } from '../trace'
import { ednString } from './edn-text'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'
import { called, completed, hasBytes, isWrongAnswer, witness, type Completed, type Ended, type EndedOfStore } from './jepsen-words'

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
}

/** How many entries a sentence names; of more it gives the count. */
const namedMax = 10

/** Collects entries by their `:index`. */
class Named {
  #count = 0
  readonly #first: number[] = []

  get count(): number {
    return this.#count
  }

  add(index: number): void {
    this.#count++
    if (this.#first.length < namedMax) this.#first.push(index)
  }

  /** ` (:index 4, 9)` */
  get text(): string {
    return `(:index ${this.#first.join(', ')}${this.#count > namedMax ? ` and ${grouped(this.#count - namedMax)} more` : ''})`
  }
}

class JepsenFormat implements Format {
  readonly notes: string[] = []
  readonly #scene: Scene
  /** By client, incarnation and operationId. */
  readonly #open = new Map<string, OpenOperation>()
  /** Process numbers that the next operation of a client's incarnation may use again. */
  readonly #free = new Map<string, number[]>()
  #processes = 0
  /** The process of witness reads; it belongs to no client. */
  #witness = -1
  #index = 0
  #told = 0
  /** An operation began before the range, so the file does not say what the keys held at its beginning. */
  #isFromTheMiddle = false
  readonly #wrong = new Named()
  readonly #found = new Named()
  readonly #bytes = new Named()

  constructor(scene: Scene) {
    this.#scene = scene
  }

  get told(): string {
    return `${counted(this.#told, 'operation')} in ${counted(this.#index, 'entry', 'entries')}`
  }

  before(event: TraceEvent): void {
    if (event.type === 'operation-invoked') this.#isFromTheMiddle = true
    this.#take(event)
  }

  /** Operations that are open where the range begins are invoked first: else their completions would have no invocation. */
  begin(): string {
    const { header: { settings }, state } = this.#scene
    const model = `:f :model, :value {:begins ${this.#isFromTheMiddle ? ':unknown' : ':empty'}, :missing nil, :replication :${settings.replication}`
      + `${settings.mutants.length === 0 ? '' : `, :mutants [${settings.mutants.map(ednString).join(' ')}]`}}`
    const open = [...this.#open.values()]
    const text = this.#tell(model, open[0]?.invoked.at ?? state.at) + open.map((operation) => this.#invocation(operation)).join('')
    if (this.#isFromTheMiddle) {
      this.notes.push('The history begins in the middle: what the keys held there is not in it, so no checker can tell whether it is linearizable. Judge the whole recording.')
    }
    if (open.length > 0) this.notes.push(`${counted(open.length, 'operation')} of the history began before the range; the invocations stand at its top, with their own times.`)
    if (settings.replication === 'asynchronous') this.notes.push('Replication was asynchronous, which promises no client that the history is linearizable.')
    return text
  }

  take(event: TraceEvent): string {
    return this.#take(event)
  }

  *end(note: string): Generator<string> {
    if (this.#wrong.count > 0) {
      const [were, each] = this.#wrong.count === 1 ? ['was', 'it'] : ['were', 'each']
      this.notes.push(`${counted(this.#wrong.count, 'operation')} ${were} answered as no store can answer ${this.#wrong.text}: :answer tells how, and beside ${each} stands a read that nothing explains.`)
    }
    if (this.#found.count > 0) {
      this.notes.push(`${counted(this.#found.count, 'operation')} changed nothing and ${this.#found.count === 1 ? 'is' : 'are'} told as :fail ${this.#found.text}: `
        + 'what was found stands in :error, and a checker that leaves failures out does not judge it.')
    }
    if (this.#bytes.count > 0) {
      this.notes.push(`${counted(this.#bytes.count, 'operation')} had a key or value that text cannot show ${this.#bytes.text}: it stands as base64: and base64, to be decoded before anything is appended.`)
    }
    if (this.#open.size > 0) this.notes.push(`${counted(this.#open.size, 'operation')} had not returned at the end and ${this.#open.size === 1 ? 'stays' : 'stay'} open in the history.`)
    for (const text of [...this.notes, note]) if (text !== '') yield this.#tell(`:f :note, :value ${ednString(text)}`, this.#scene.state.at)
  }

  /** Also runs before the range, but writes nothing there: `#line` counts only what is written. */
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
    const open: OpenOperation = { invoked: event, process }
    this.#open.set(keyOf(event, event.operation.operationId), open)
    return this.#isInRange ? this.#invocation(open) : ''
  }

  #invocation({ invoked, process }: OpenOperation): string {
    this.#told++
    return this.#line({ process: String(process), type: ':invoke', at: invoked.at, rest: `${called(invoked.operation.operation)}, :client ${ednString(invoked.node)}` })
  }

  #returned(event: EventOf<'operation-returned'>): string {
    const key = keyOf(event, event.operationId)
    const open = this.#open.get(key)
    if (!open) return ''
    this.#open.delete(key)
    const { outcome } = event
    const { operation } = open.invoked.operation
    const index = this.#index
    const ended: Ended = { client: event.node, operation, outcome, index, isImported: this.#scene.header.source === 'imported' }
    const completion = completed(ended)
    if (completion.type !== ':info') this.#freeProcess(lifeOf(event), open.process)
    if (!this.#isInRange) return ''
    const text = this.#completion(open, event.at, completion)
    if (hasBytes(operation, outcome)) this.#bytes.add(index)
    if (outcome.type !== 'ok') return text
    if (completion.type === ':fail') this.#found.add(index)
    if (operation.type === 'call' || !isWrongAnswer(ended, outcome.result)) return text
    this.#wrong.add(index)
    return operation.type === 'get' ? text : text + this.#witnessed({ ...ended, operation }, outcome.result, event.at)
  }

  /** Invoked and completed at once, after the operation, so that no later outcome can explain the read. */
  #witnessed(ended: EndedOfStore, result: AnyResult, at: number): string {
    if (this.#witness < 0) this.#witness = this.#processes++
    const process = String(this.#witness)
    const { asked, saw } = witness(ended, result)
    return [[':invoke', asked], [':ok', saw]].map(([type = '', rest]) => this.#line({ process, type, at, rest: `${rest}, :witness-of ${ended.index}` })).join('')
  }

  /** The open operations of a dead client stay unknown. */
  #clientDied(event: EventOf<'node-exited'>): string {
    const died = [...this.#open].filter(([, { invoked }]) => lifeOf(invoked) === lifeOf(event))
    this.#free.delete(lifeOf(event))
    return died.map(([key, open]) => {
      this.#open.delete(key)
      return this.#isInRange ? this.#completion(open, event.at, { type: ':info', rest: `${called(open.invoked.operation.operation)}, :error :client-died` }) : ''
    }).join('')
  }

  #completion({ process, invoked }: OpenOperation, at: number, { type, rest }: Completed): string {
    return this.#line({ process: String(process), type, at, rest: `${rest}, :client ${ednString(invoked.node)}` })
  }

  #freeProcess(life: string, process: number): void {
    const free = this.#free.get(life) ?? []
    free.push(process)
    this.#free.set(life, free)
  }

  #nemesis(event: TraceEvent, act: string, node: string): string {
    return this.#isInRange ? this.#tell(`:f :${act}, :value [${ednString(node)}]`, event.at) : ''
  }

  #fault(event: TraceEvent, act: string, fault: string, text: string): string {
    return this.#isInRange ? this.#tell(`:f :${act}, :value {:fault ${ednString(fault)}, :text ${ednString(text)}}`, event.at) : ''
  }

  /** Writes an entry of no client: the nemesis is the only other process that tools know. */
  #tell(rest: string, at: number): string {
    return this.#line({ process: ':nemesis', type: ':info', at, rest })
  }

  #line({ process, type, at, rest }: { process: string; type: string; at: number; rest: string }): string {
    return `{:process ${process}, :type ${type}, ${rest}, :time ${nanoseconds(at)}, :index ${this.#index++}}\n`
  }
}

function lifeOf({ node, incarnation }: { readonly node: string; readonly incarnation: number }): string {
  return `${node}.${incarnation}`
}

function keyOf(event: { readonly node: string; readonly incarnation: number }, operationId: number): string {
  return `${lifeOf(event)}.${operationId}`
}

/** Microseconds times 1000 as text: the product may exceed what a double holds exactly. */
function nanoseconds(at: number): string {
  return at === 0 ? '0' : `${Math.round(at)}000`
}
