// Clients that append to one key. Each begins its next append when the last has returned, whatever the result.
// The acknowledged appends are kept here, so that lost and doubled ones can be counted at the end.
import { utf8ToBytes, type NodeName, type Operation } from '../protocol'
import type { TraceEvent } from '../trace'
import { appendValue } from './kept'

export interface AppendersOptions {
  readonly name: string
  readonly key: string
  /** Appends of each client; 0: until stopped. */
  readonly each: number
  readonly clients: readonly NodeName[]
  readonly invoke: (client: NodeName, operation: Operation, label: string) => Promise<void>
}

interface Appender {
  readonly client: NodeName
  readonly acknowledged: number[]
  /** The number of the append in flight, or of the last one. */
  number: number
  operationId: number
  isOut: boolean
  unknown: number
}

export class Appenders {
  readonly name: string
  readonly key: string
  readonly clients: readonly NodeName[]
  readonly #options: AppendersOptions
  readonly #appenders: readonly Appender[]
  #isStopped = false

  constructor(options: AppendersOptions) {
    this.#options = options
    this.name = options.name
    this.key = options.key
    this.clients = options.clients
    this.#appenders = options.clients.map((client) => ({ client, acknowledged: [], number: 0, operationId: 0, isOut: false, unknown: 0 }))
  }

  take(event: TraceEvent): void {
    if (event.type === 'operation-invoked') {
      const appender = this.#appenders.find(({ client, number }) => event.node === client && event.label === this.#labelOf(client, number))
      if (appender) appender.operationId = event.operation.operationId
    } else if (event.type === 'operation-returned') {
      const appender = this.#appenders.find(({ isOut, operationId }) => isOut && operationId === event.operationId)
      if (!appender) return
      appender.isOut = false
      if (event.outcome.type === 'ok') appender.acknowledged.push(appender.number)
      else appender.unknown++
    } else if (event.type === 'node-exited') {
      // A client that ended has forgotten its append in flight; its next incarnation continues with the next number.
      for (const appender of this.#appenders) if (appender.client === event.node) appender.isOut = false
    }
  }

  /** Begins the next append of every client that has none in flight. Called between steps of nodes. */
  goOn(): void {
    for (const appender of this.#appenders) {
      if (appender.isOut || this.#isDone(appender)) continue
      appender.isOut = true
      appender.number++
      appender.operationId = 0
      const { client, number } = appender
      const operation: Operation = { type: 'append', key: utf8ToBytes(this.key), value: utf8ToBytes(appendValue(client, number)) }
      this.#options.invoke(client, operation, this.#labelOf(client, number)).catch(() => {
        // The client is dead, so this append was never sent. It is tried again when the client is back.
        appender.isOut = false
        appender.number--
      })
    }
  }

  #isDone({ number }: Appender): boolean {
    return this.#isStopped || (this.#options.each > 0 && number >= this.#options.each)
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Every append has returned and none will follow. */
  get isFinished(): boolean {
    return this.#appenders.every((appender) => !appender.isOut && this.#isDone(appender))
  }

  readonly acknowledged = (client: string): readonly number[] => this.#appenders.find((appender) => appender.client === client)?.acknowledged ?? []

  get progress(): string {
    const sum = (count: (appender: Appender) => number): number => this.#appenders.reduce((total, appender) => total + count(appender), 0)
    const unknown = sum((appender) => appender.unknown)
    return `${sum(({ acknowledged }) => acknowledged.length)} acknowledged${unknown > 0 ? `, ${unknown} unknown or failed` : ''}`
  }

  #labelOf(client: NodeName, number: number): string {
    return `${this.name} ${client} ${number}`
  }
}
