// Nodes that differ only by name: a state and the same state with two of them exchanged have the same future, so one of both is enough.
// A permutation is applied to text, because all that a state holds of a name is text.
import type { NodeKind, NodeName } from '../../protocol'

export interface NamedNode {
  readonly name: NodeName
  readonly kind: NodeKind
}

/** A kind is not permuted if that gave more permutations than this: each costs a sum for every state. */
const permutationsMax = 24

export class Permutations {
  readonly count: number
  readonly #maps: readonly ReadonlyMap<string, string>[]
  readonly #pattern: RegExp

  /** `exchanged`: the kinds whose nodes are permuted; with none, only the identity. */
  constructor(nodes: readonly NamedNode[], exchanged: { readonly replicas: boolean; readonly clients: boolean }) {
    const names = (kind: NodeKind): NodeName[] => nodes.filter((node) => node.kind === kind).map(({ name }) => name)
    const [replicas, clients] = [names('replica'), names('client')]
    const ofClients = exchanged.clients ? factorial(clients.length) : 1
    const ofReplicas = exchanged.replicas ? factorial(replicas.length) : 1
    const clientOrders = exchanged.clients && ofClients <= permutationsMax ? permutationsOf(clients) : [clients]
    const replicaOrders = exchanged.replicas && ofReplicas * ofClients <= permutationsMax ? permutationsOf(replicas) : [replicas]
    const chosen = replicaOrders.flatMap((one) => clientOrders.map((other) => [...one, ...other]))
    this.#maps = chosen.map((permuted) => new Map([...replicas, ...clients].map((name, index) => [name, permuted[index] as string])))
    this.count = this.#maps.length
    this.#pattern = new RegExp(`\\b(${[...replicas, ...clients].join('|')})\\b`, 'g')
  }

  /** The text with every name replaced as permutation `index` says; 0 is the identity. */
  rename(text: string, index: number): string {
    const map = this.#maps[index] as ReadonlyMap<string, string>
    return index === 0 ? text : text.replace(this.#pattern, (name) => map.get(name) ?? name)
  }
}

function factorial(number: number): number {
  return number <= 1 ? 1 : number * factorial(number - 1)
}

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, index) => permutationsOf([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]))
}

/** A 64-bit hash in two halves, each mixed well enough that sums of hashes distinguish sets. After MurmurHash3's mixing steps. */
export function hashText(text: string): { readonly low: number; readonly high: number } {
  let low = 0xdeadbeef
  let high = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    low = Math.imul(low ^ unit, 0x85ebca6b)
    low = (low << 13) | (low >>> 19)
    high = Math.imul(high ^ unit, 0xc2b2ae35)
    high = (high << 17) | (high >>> 15)
  }
  return { low: finish(low ^ high), high: finish(high + Math.imul(low, 0x9e3779b1)) }
}

function finish(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
