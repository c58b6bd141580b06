// Every machine that runs in a lab: the nodes of the protocol, the clients that speak Maelstrom's requests, and the services. The only file that
// knows all of them.
import { createMachine, type EffectSink, type Machine, type MakeStore, type Start } from '../protocol'
import { Caller } from './caller'
import { Service } from './service'

/** Starts a node of ours: takes its first input and returns the machine that takes the others. */
export function makeMachine(start: Start, out: EffectSink, makeStore?: MakeStore): Machine {
  if (start.kind === 'service') return new Service(start)
  if (start.kind === 'client' && start.dialect === 'maelstrom') return new Caller(start)
  return createMachine(start, out, makeStore)
}
