// The names of the machines' timers, as used in effects, inputs, recordings and scenarios.
// Code that fires a timer by name (the simulator, the explorer, an act of a person) must take the name from here.
import type { NodeName } from './view'

/** A server pings. */
export const pingTimer = 'ping'
/** The view server checks which servers have not pinged. */
export const pingCheckTimer = 'ping-check'
/** A client asks the view server for the view again. */
export const askTimer = 'ask'

const retryPrefix = 'retry:'

/** A primary sends this backup again what it has not acked; a client sends the operation of this session again. */
export function retryTimer(of: NodeName | number): string {
  return `${retryPrefix}${of}`
}

/** The operation of this session times out at a client. */
export function timeoutTimer(session: number): string {
  return `timeout:${session}`
}

/** The backup or session that a retry timer is for; undefined for another timer. */
export function retriedBy(timer: string): string | undefined {
  return timer.startsWith(retryPrefix) ? timer.slice(retryPrefix.length) : undefined
}
