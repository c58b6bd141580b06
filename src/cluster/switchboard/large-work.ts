// Limits the bytes of large workload operations in flight. Beyond what servers can take, requests wait in their queues for longer than a client's
// retry time. They are then sent again, and nothing gets through. It must never slow small operations.
import { bytesOfOperation, type Call, type NodeName, type Operation } from '../../protocol'

/** Smaller operations are not counted: there are never enough sessions for them to matter. */
const largeBytes = 4096
/** Most bytes of keys and values of large operations in flight. */
export const largeBytesOutMax = 2 * 1024 * 1024

interface Out {
  readonly client: NodeName
  readonly bytes: number
}

export class LargeWork {
  readonly #out = new Map<number, Out>()
  #bytes = 0

  /** True if no other large operation may begin now. */
  get isFull(): boolean {
    return this.#bytes >= largeBytesOutMax
  }

  began(operationId: number, client: NodeName, operation: Operation | Call): void {
    const bytes = bytesOfOperation(operation)
    if (bytes < largeBytes) return
    this.#out.set(operationId, { client, bytes })
    this.#bytes += bytes
  }

  returned(operationId: number): void {
    if (this.#out.size === 0) return
    this.#bytes -= this.#out.get(operationId)?.bytes ?? 0
    this.#out.delete(operationId)
  }

  /** The operations that this client had in flight will never return. */
  ended(client: NodeName): void {
    for (const [operationId, out] of this.#out) if (out.client === client) this.returned(operationId)
  }
}
