// Carries a path's acts out on a cluster that stands still: the world in virtual time here, real processes in the lab. A message is found by what
// it says, because an explorer knows no ids; everything else is as a person would do it by hand.
import { viewServerName, type Message, type NodeName, type Operation } from '../../protocol'
import { askRoundsMax, mailText } from './locals'
import type { Act } from './steps'

export interface StandingMessage {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Message
}

/** A cluster that stands still. Each act is over when the node has taken its step. */
export interface Standing {
  /** Messages that have not reached their receivers, oldest first. */
  underWay(): Iterable<StandingMessage>
  isArmed(node: NodeName, timer: string): boolean
  deliver(id: string): Promise<void> | void
  drop(id: string): Promise<void> | void
  duplicate(id: string): Promise<void> | void
  fire(node: NodeName, timer: string): Promise<void> | void
  kill(node: NodeName): Promise<void> | void
  restart(node: NodeName): Promise<void> | void
  invoke(client: NodeName, operation: Operation, session: number): Promise<unknown> | void
}

/** Rejects with a sentence where the cluster does not do what the path says. */
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
      if (!found) throw new Error(`The path needs the ${message.type} from ${from} to ${to}, and no such message is under way.`)
      return standing[act.type](found.id)
    }
    case 'fire':
      for (let time = 0; time < act.times && standing.isArmed(act.node, act.timer); time++) await standing.fire(act.node, act.timer)
      return
    case 'ask': return ask(act.node, act.timer, standing)
    case 'look':
      for (let round = 0; round < act.rounds; round++) {
        for (const node of act.pinging) {
          await standing.fire(node, 'ping')
          await deliverNewest(standing, node, viewServerName)
        }
        await standing.fire(viewServerName, 'ping-check')
      }
      return
    case 'kill': return standing.kill(act.node)
    case 'restart': return standing.restart(act.node)
    case 'invoke': return void await standing.invoke(act.node, act.operation, act.session)
  }
}

/** The timer fires and the view server answers, until a request goes out. */
async function ask(client: NodeName, timer: string, standing: Standing): Promise<void> {
  const requests = (): number => [...standing.underWay()].filter(({ from, message }) => from === client && message.type === 'request').length
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
  const newest = [...standing.underWay()].filter((message) => message.from === from && message.to === to).at(-1)
  if (newest) await standing.deliver(newest.id)
}

function find(standing: Standing, is: (message: StandingMessage) => boolean): StandingMessage | undefined {
  for (const message of standing.underWay()) if (is(message)) return message
  return undefined
}
