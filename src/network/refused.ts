// The error for an act that is impossible now. Its sentence is for the person who asked, and nothing has changed.
// Processes and the simulator refuse in the same words, which are defined here.

/** A refused act: one plain sentence for a person. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Every refusal that more than one driver needs. */
export const refusals = {
  noNode: (node: string) => new Refused(`There is no node ${node}.`),
  noClient: (node: string) => new Refused(`${node} is no client.`),
  alreadyDead: (node: string) => new Refused(`${node} is already dead.`),
  alreadyPaused: (node: string) => new Refused(`${node} is already paused.`),
  notPaused: (node: string) => new Refused(`${node} is not paused.`),
  viewServerRestart: () => new Refused('The view server is not restarted: it would not know the views it made, and by then an empty server might be made primary.'),
  alreadyFrozen: () => new Refused('The cluster is already frozen.'),
  notFrozen: () => new Refused('The cluster is not frozen.'),
  messageGone: (id: string) => new Refused(`The message ${id} is gone: it was taken or lost before.`),
  receiverDead: (node: string) => new Refused(`${node} is dead; the message cannot be delivered.`),
  receiverPaused: (node: string) => new Refused(`${node} is paused: it takes nothing before it is resumed.`),
  deadHasNoTimers: (node: string) => new Refused(`${node} is dead and has no timers.`),
  pausedDoesNothing: (node: string) => new Refused(`${node} is paused: it does nothing before it is resumed.`),
  noTimer: (node: string, timer: string) => new Refused(`${node} has no timer "${timer}".`),
  noWorkload: () => new Refused('No workload is running.'),
} as const

/** A process that ended in its start. `said`: its last words, which may be empty. */
export function notStarted(node: string, said: string): Refused {
  return new Refused(`${node} ended before it had started.${said === '' ? '' : ` It said: ${said}`}`)
}
