// Old recordings open by upgrade: one function for each version, from it to the next, applied one after another.
// A sample of every version is kept in testdata/ and must open for ever. An upgrade must never drop or invent events:
// line numbers and `seq` stay what they are.
import { traceVersion } from './event'
import { LateCopies } from './late-copies'

/** What changes from one version to the next, on parsed JSON; the events of one recording, in order. */
export interface Upgrade {
  header(header: Record<string, unknown>): Record<string, unknown>
  event(event: Record<string, unknown>): Record<string, unknown>
}

/** By the version that they start from. */
export const upgrades: Readonly<Record<number, () => Upgrade>> = {
  // Version 2 has the reasons why the cluster froze, a message was released or a fault was removed; before, only a person did these.
  1: () => ({
    header: (header) => header,
    event: (event) => {
      switch (event['type']) {
        case 'frozen': return { reason: 'by hand', metBy: 0, ...event }
        case 'message-released':
        case 'fault-removed': return { reason: 'by hand', ...event }
        default: return event
      }
    },
  }),
  // Version 3 has branches, and writes a workload's plan so that a branch can continue it; before, there were none.
  2: () => ({
    header: (header) => ({ ...header, parent: null }),
    event: (event) => event['type'] === 'workload-started' ? { ...event, plan: null } : event,
  }),
  // Version 4 has nodes without recorded steps (incarnation 0), and messages that no connection carried; before, there were none.
  3: () => ({ header: (header) => header, event: (event) => event }),
  // Version 5 has the contents of a copy whose original has left the network, and stalls of the machine.
  4: () => {
    const copies = new LateCopies()
    return { header: (header) => header, event: (event) => copies.upgraded(event) }
  },
  // Version 6 has programs that are not ours; before, every node was of this protocol.
  5: () => ({ header: (header) => header, event: (event) => event }),
  // Version 7 has scenario steps that are not judged; before, every step passed or failed.
  6: () => ({ header: (header) => header, event: (event) => event }),
}

/** The upgrade of one recording from its version to the current one, or undefined if none is known. From the current version it changes nothing. */
export function upgradeFrom(version: number, table = upgrades, current: number = traceVersion): Upgrade | undefined {
  const steps: Upgrade[] = []
  for (let from = version; from < current; from++) {
    const step = table[from]
    if (step === undefined) return undefined
    steps.push(step())
  }
  return {
    header: (header) => ({ ...steps.reduce((before, step) => step.header(before), header), version: current }),
    event: (event) => steps.reduce((before, step) => step.event(before), event),
  }
}
