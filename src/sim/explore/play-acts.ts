// Performs a path's acts on a frozen cluster: the world in virtual time here, real processes in the lab. It finds messages by content, because
// an explorer knows no ids; all else is as if done by hand.
import { pingCheckTimer, pingTimer, viewServerName, type Message, type NodeName, type Operation } from '../../protocol'
import { askRoundsMax, mailText } from './locals'
import type { Act } from './steps'

export interface StandingMessage {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Message
}

/** A frozen cluster. Each act is complete when the node has taken its step. */
export interface Standing {
  /** The messages in flight, oldest first. */
  inFlight(): Iterable<StandingMessage>
  isArmed(node: NodeName, timer: string): boolean
  deliver(id: string): Promise<void> | void
  drop(id: string): Promise<void> | void
  duplicate(id: string): Promise<void> | void
  fire(node: NodeName, timer: string): Promise<void> | void
  kill(node: NodeName): Promise<void> | void
  restart(node: NodeName): Promise<void> | void
  invoke(client: NodeName, operation: Operation, session: number): Promise<unknown> | void
}

/** Rejects with a sentence if the cluster does not do what the path says. */
export async function playActs(acts: readonly Act[], standing: Standing): Promise<void> {
  for (const act of acts) await playAct(act, standing)
}

async function playAct(act: Act, standing: Standing): Promise<void> {
  switch (act.type) {
    case 'deliver':
    case 'drop':
    case 'duplicate': {
      const { from, to, message, text } = act.mail
      const found = find(standing, (other) => mailText(other.from, other.to, other.message) === text)
      if (!found) throw new Error(`The path needs the ${message.type} from ${from} to ${to}, and no such message is in flight.`)
      return standing[act.type](found.id)
    }
    case 'fire':
      for (let time = 0; time < act.times && standing.isArmed(act.node, act.timer); time++) await standing.fire(act.node, act.timer)
      return
    case 'ask': return ask(act.node, act.timer, standing)
    case 'look':
      for (let round = 0; round < act.rounds; round++) {
        for (const node of act.pinging) {
          await standing.fire(node, pingTimer)
          await deliverNewest(standing, node, viewServerName)
        }
        await standing.fire(viewServerName, pingCheckTimer)
      }
      return
    case 'kill': return standing.kill(act.node)
    case 'restart': return standing.restart(act.node)
    case 'invoke': return void await standing.invoke(act.node, act.operation, act.session)
  }
}

/** Fires the timer and lets the view server answer, until the client sends a request. */
async function ask(client: NodeName, timer: string, standing: Standing): Promise<void> {
  const requests = (): number => [...standing.inFlight()].filter(({ from, message }) => from === client && message.type === 'request').length
  const before = requests()
  for (let round = 0; round < askRoundsMax && standing.isArmed(client, timer); round++) {
    await standing.fire(client, timer)
    if (requests() > before) return
    await deliverNewest(standing, client, viewServerName)
    await deliverNewest(standing, viewServerName, client)
    if (requests() > before) return
  }
}

async function deliverNewest(standing: Standing, from: NodeName, to: NodeName): Promise<void> {
  const newest = [...standing.inFlight()].filter((message) => message.from === from && message.to === to).at(-1)
  if (newest) await standing.deliver(newest.id)
}

function find(standing: Standing, is: (message: StandingMessage) => boolean): StandingMessage | undefined {
  for (const message of standing.inFlight()) if (is(message)) return message
  return undefined
}
