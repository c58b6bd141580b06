// The simulated connections of clients to servers: which one is current, and the name that the server has for it. A connection ends only on
// request, as between nodes without a lab; messages to an ended one are lost.
import { Refused, type Envelope, type Transit } from '../network'
import type { NodeName } from '../protocol'
import { connectionName, nodeOfConnection, type EventOf } from '../trace'
import type { SimNode } from './sim-node'

type Ends = Pick<EventOf<'message-sent'>, 'from' | 'to' | 'fromAs' | 'toAs'>

export class Connections {
  /** By client and server: the number of the current connection, from 1. */
  readonly #numbers = new Map<string, number>()

  /** The server's current name for the client. */
  nameOf(client: NodeName, server: NodeName): string {
    return connectionName(client, this.#numbers.get(`${client} ${server}`) ?? 1)
  }

  /** The ends of a message that `node` sends to `receiver`, a name that may be a connection's. */
  endsOf({ name: from, kind }: SimNode, receiver: string): Ends {
    const to = nodeOfConnection(receiver)
    const sender = kind === 'client' ? this.nameOf(from, to) : from
    return sender === from && receiver === to ? { from, to } : { from, to, ...sender === from ? {} : { fromAs: sender }, ...receiver === to ? {} : { toAs: receiver } }
  }

  /** Ends the current connection and drops what the server sent on it, in the network and in the client's queue; returns the dropped ids. */
  end(client: SimNode, server: NodeName, transit: Transit<null>): string[] {
    if (client.kind !== 'client') throw new Refused('A connection is one of a client with a server.')
    const link = `${client.name} ${server}`
    this.#numbers.set(link, (this.#numbers.get(link) ?? 1) + 1)
    const isLost = ({ envelope: { from, to } }: { readonly envelope: Envelope }): boolean => from === server && to === client.name
    const onTheirWay = [...transit.onItsWay].filter(isLost).map(({ envelope }) => envelope.id)
    for (const id of onTheirWay) transit.takeOut(id)
    const inTheMail = [...client.mail.values()].filter(isLost)
    for (const { envelope, cancel } of inTheMail) {
      cancel()
      client.mail.delete(envelope.id)
    }
    return [...onTheirWay, ...inTheMail.map(({ envelope }) => envelope.id)]
  }
}
