// A copy of a machine is complete: a machine that is replaced by its copy after every step still does what the recording says.
import { expect, test } from 'vitest'
import { createMachine, type EffectSink, type Machine, type Message, type NodeKind } from '../protocol'
import { messageOf, operationInputOf, recordMessage, sendingOf, type EventOf, type TraceEvent, type TraceHeader } from '../trace'
import { randomFaultsRecording } from './testing/random-faults-recording'

class CopiedLife implements EffectSink {
  readonly sent: string[] = []
  #machine: Machine | null

  constructor(header: TraceHeader, event: EventOf<'node-started'>, kind: NodeKind) {
    this.#machine = createMachine({ type: 'start', name: event.node, kind, incarnation: event.incarnation, address: '', settings: header.settings, seed: event.seed }, this)
  }

  step(input: Parameters<Machine['step']>[0]): void {
    this.#machine = this.#machine?.copy() ?? null
    this.#machine?.step(input, this)
  }

  send(to: string, message: Message): void { this.sent.push(JSON.stringify([to, recordMessage(message)])) }
  setTimer(): void { /* Timers that fire are inputs of the recording. */ }
  cancelTimer(): void { /* As above. */ }
  report(): void { /* What it sent is enough: what it believes decides that. */ }
}

/** What every incarnation sent: as recorded, and from machines that are copies of copies. */
function sentOf(header: TraceHeader, events: readonly TraceEvent[]): { recorded: string[]; copied: string[] } {
  const lives = new Map<string, CopiedLife>()
  const all: { key: string; life: CopiedLife }[] = []
  const recorded = new Map<string, string[]>()
  const sent = new Map<string, EventOf<'message-sent'>>()
  for (const event of events) {
    switch (event.type) {
      case 'node-started': {
        const life = new CopiedLife(header, event, event.kind)
        lives.set(event.node, life)
        all.push({ key: `${event.node}.${event.incarnation}`, life })
        break
      }
      case 'message-sent': {
        sent.set(event.id, event)
        const key = event.id.split('.').slice(0, 2).join('.')
        recorded.set(key, [...recorded.get(key) ?? [], JSON.stringify([event.to, event.message])])
        break
      }
      case 'message-duplicated': {
        const original = sendingOf(event) ?? sent.get(event.of)
        if (original) sent.set(event.id, original)
        break
      }
      case 'message-taken': {
        const message = sent.get(event.id)
        if (message) lives.get(event.node)?.step({ type: 'message', from: message.from, message: messageOf(message.message) })
        break
      }
      case 'timer-fired': lives.get(event.node)?.step({ type: 'timer', name: event.name }); break
      case 'peer-lost': lives.get(event.node)?.step({ type: 'peer-lost', peer: event.peer }); break
      case 'operation-invoked': lives.get(event.node)?.step(operationInputOf(event.operation)); break
      default:
    }
  }
  return { recorded: all.flatMap(({ key }) => recorded.get(key) ?? []), copied: all.flatMap(({ life }) => life.sent) }
}

test('machines that are changed for their copies after every step send what the machines of 12 recordings sent', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const { header, events } = randomFaultsRecording(`copies ${seed}`, 60, seed % 2 === 0 ? { transferChunkBytes: 8, transferWindow: 1, backupsWanted: 2 } : { replication: 'synchronous' })
    const { recorded, copied } = sentOf(header, events)
    expect(copied, `seed ${seed}`).toEqual(recorded)
    expect(recorded.length).toBeGreaterThan(300)
  }
})
