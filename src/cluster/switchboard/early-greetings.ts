// Processes that have greeted before their node runs in them. The lab has not reported them yet, or starts them before it kills the node's last
// process. They stay connected and get no input.
import type { NodeName } from '../../protocol'
import type { NodeSocket } from './life'

interface Incarnation {
  readonly name: NodeName
  readonly incarnation: number
}

export class EarlyGreetings {
  readonly #sockets = new Map<string, NodeSocket>()
  readonly #waiting = new Map<string, () => void>()

  add(of: Incarnation, socket: NodeSocket): void {
    const key = keyOf(of)
    this.#sockets.set(key, socket)
    this.#waiting.get(key)?.()
    this.#waiting.delete(key)
  }

  /** Removes and returns the socket, if it has greeted; cancels the wait for it. */
  take(of: Incarnation): NodeSocket | undefined {
    const key = keyOf(of)
    const socket = this.#sockets.get(key)
    this.#sockets.delete(key)
    return socket
  }

  /** Resolves when it has greeted. It stays pending if the process ends before; the end of the process is reported elsewhere. */
  come(of: Incarnation): Promise<void> {
    const key = keyOf(of)
    if (this.#sockets.has(key)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(key, resolve))
  }
}

const keyOf = ({ name, incarnation }: Incarnation): string => `${name}#${incarnation}`
