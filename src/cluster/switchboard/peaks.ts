// The peak lengths of the switchboard's queues, for benchmarks and for tests that the queues are bounded. It must never decide anything: each queue
// has its own limit.
import type { SwitchboardLoad } from '../supervisor/control'

export class Peaks {
  #mail = 0
  #mailBytes = 0
  #recorderBytes = 0
  #labBytes = 0
  #nodeBytes = 0

  mail(length: number, bytes: number): void {
    if (length > this.#mail) this.#mail = length
    if (bytes > this.#mailBytes) this.#mailBytes = bytes
  }

  recorderBytes(bytes: number): void {
    if (bytes > this.#recorderBytes) this.#recorderBytes = bytes
  }

  labBytes(bytes: number): void {
    if (bytes > this.#labBytes) this.#labBytes = bytes
  }

  nodeBytes(bytes: number): void {
    if (bytes > this.#nodeBytes) this.#nodeBytes = bytes
  }

  /** The peaks since the last call. */
  take(): Omit<SwitchboardLoad, 'processorMicros'> {
    const taken = {
      mailMax: this.#mail, mailBytesMax: this.#mailBytes, recorderBytesMax: this.#recorderBytes, labBytesMax: this.#labBytes, nodeBytesMax: this.#nodeBytes,
    }
    this.#mail = 0
    this.#mailBytes = 0
    this.#recorderBytes = 0
    this.#labBytes = 0
    this.#nodeBytes = 0
    return taken
  }
}
