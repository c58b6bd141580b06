// Old recordings open by upgrade: one function for each version, from it to the next, applied one after another.
// A sample of every version is kept in testdata/ and must open for ever. An upgrade must never drop or invent events:
// line numbers and `seq` stay what they are.
import { traceVersion } from './event'

/** What changes from one version to the next, on parsed JSON. */
export interface Upgrade {
  header(header: Record<string, unknown>): Record<string, unknown>
  event(event: Record<string, unknown>): Record<string, unknown>
}

/** By the version that they start from. */
export const upgrades: Readonly<Record<number, Upgrade>> = {
  // Version 2 says why the cluster froze and why a message or a fault was let go; before, only a person could.
  1: {
    header: (header) => header,
    event: (event) => {
      switch (event['type']) {
        case 'frozen': return { reason: 'by hand', metBy: 0, ...event }
        case 'message-released':
        case 'fault-removed': return { reason: 'by hand', ...event }
        default: return event
      }
    },
  },
  // Version 3 knows branches, and writes a workload's plan so that a branch can go on with it; before, there were none.
  2: {
    header: (header) => ({ ...header, parent: null }),
    event: (event) => event['type'] === 'workload-started' ? { ...event, plan: null } : event,
  },
  // Version 4 has nodes without a life, of incarnation 0, and messages that no connection carried; before, there were none.
  3: { header: (header) => header, event: (event) => event },
}

/** The way from a version to the current one, or undefined if none is known. The current version's own way changes nothing. */
export function upgradeFrom(version: number, table = upgrades, current: number = traceVersion): Upgrade | undefined {
  const steps: Upgrade[] = []
  for (let from = version; from < current; from++) {
    const step = table[from]
    if (step === undefined) return undefined
    steps.push(step)
  }
  return {
    header: (header) => ({ ...steps.reduce((before, step) => step.header(before), header), version: current }),
    event: (event) => steps.reduce((before, step) => step.event(before), event),
  }
}
