// Makes the machine of a node from its start input; the only file that knows all three kinds.
import type { EffectSink, Machine, Start } from './machine'
import { createClient } from './client'
import { MapStore } from './map-store'
import { createReplica } from './replica'
import type { MakeStore } from './store'
import { createViewServer } from './view-server'

/** Starts a node: takes its first input and returns the machine that takes the others. */
export function createMachine(start: Start, out: EffectSink, makeStore: MakeStore = (settings) => new MapStore(settings)): Machine {
  switch (start.kind) {
    case 'view-server': return createViewServer(start, out)
    case 'replica': return createReplica(start, out, makeStore)
    case 'client': return createClient(start, out)
    // They are programs of others, or of the rooms above.
    case 'server':
    case 'service': throw new Error(`this protocol has no ${start.kind}`)
  }
}
