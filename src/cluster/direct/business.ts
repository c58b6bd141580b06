// Which sender may send which message on a connection of direct mode. There is no authentication: any client can greet under any name. A node
// trusts only what it knows itself: which node it dialled, at the address that it was given. So only the connection to the view server brings
// views, and a sender that greeted as a client cannot send as a server. It must never inspect more than a message's type.
import { viewServerName, type Message, type NodeName, type ProtocolKind } from '../../protocol'
import type { Greeting } from './direct-frames'

/**
 * Empty, or why this greeting is refused. `expected`: the node that was dialled; empty on a connection that the other end dialled. A view server
 * never dials, so a caller that greets as a view server is refused.
 */
export function strangerIn({ kind, name }: Pick<Greeting, 'kind' | 'name'>, expected: NodeName | ''): string {
  if (expected === '') return kind === 'view-server' || (kind === 'replica' && name === viewServerName) ? 'a view server calls nobody' : ''
  if (name !== expected) return `${expected} was expected there, it is ${name}`
  const expectedKind: ProtocolKind = expected === viewServerName ? 'view-server' : 'replica'
  return kind === expectedKind ? '' : `a ${expectedKind} was expected there, it is a ${kind}`
}

/** Empty, or why a sender that greeted as `sender` may not send this message. */
export function noBusiness(type: Message['type'], sender: ProtocolKind): string {
  switch (type) {
    // Any sender may send these.
    case 'get-view':
    case 'query':
    case 'request': return ''
    case 'foreign': return 'a program\'s own words are for a lab'
    // A client's name exists only on its connection, so it may not appear in a view.
    case 'ping': return sender === 'replica' ? '' : 'only a replica pings, and it greets as one'
    case 'view-reply':
    case 'superseded':
    case 'query-reply': return sender === 'view-server' ? '' : `only the view server sends ${type}, where it was called`
    case 'reply':
    case 'rejected':
    case 'not-yet':
    case 'forward':
    case 'forward-ack':
    case 'state-transfer':
    case 'state-transfer-ack':
    case 'restarted': return sender === 'replica' ? '' : `only a replica sends ${type}, and it greets as one`
  }
}
