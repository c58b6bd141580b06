// What a heartbeat is: a ping, the answer to it, the timers that send and check them. Panels fold these, comparisons leave them out.
import type { Message } from '../protocol'
import type { Recorded } from './recorded'

/** The view server's answer to a client's question is no heartbeat: its incarnation is 0. */
export function isHeartbeatMessage(message: Recorded<Message>): boolean {
  return message.type === 'ping' || (message.type === 'view-reply' && message.toIncarnation > 0)
}

/** `name` of a timer that has fired. */
export function isHeartbeatTimer(name: string): boolean {
  return name === 'ping' || name === 'ping-check'
}
