// How long the switchboard's queues were at their longest: for measuring, and for tests that they have an end.
// It must never decide anything: what is full is said by each queue's own limit.
import type { SwitchboardLoad } from './control'

export class Peaks {
  #mail = 0
  #journalBytes = 0
  #labBytes = 0
  #nodeBytes = 0

  mail(length: number): void {
    if (length > this.#mail) this.#mail = length
  }

  journalBytes(bytes: number): void {
    if (bytes > this.#journalBytes) this.#journalBytes = bytes
  }

  labBytes(bytes: number): void {
    if (bytes > this.#labBytes) this.#labBytes = bytes
  }

  nodeBytes(bytes: number): void {
    if (bytes > this.#nodeBytes) this.#nodeBytes = bytes
  }

  /** What was noted since this was asked last. */
  take(): Omit<SwitchboardLoad, 'processorMicros'> {
    const taken = { mailMax: this.#mail, journalBytesMax: this.#journalBytes, labBytesMax: this.#labBytes, nodeBytesMax: this.#nodeBytes }
    this.#mail = 0
    this.#journalBytes = 0
    this.#labBytes = 0
    this.#nodeBytes = 0
    return taken
  }
}
