// Reports when a peer that should answer regularly has been silent for some seconds, and when it answers again, once each. It must never keep a
// process alive, nor decide anything: only the view server declares a server dead.

/** Shortest silence that is reported. For a node that pings rarely, `patiencePings` ping intervals apply instead. */
const patienceMs = 2000
const patiencePings = 3
const lookEveryMs = 500

export class Silence {
  readonly #patienceMs: number
  readonly #tell: (isSilent: boolean) => void
  readonly #timer: NodeJS.Timeout
  #heardMs = performance.now()
  #lookedMs = this.#heardMs
  #isSilent = false

  constructor(pingIntervalMs: number, tell: (isSilent: boolean) => void) {
    this.#patienceMs = Math.max(patienceMs, patiencePings * pingIntervalMs)
    this.#tell = tell
    this.#timer = setInterval(() => this.#look(), lookEveryMs)
    this.#timer.unref()
  }

  heard(): void {
    this.#heardMs = performance.now()
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#tell(false)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = performance.now()
    // A process that was stopped itself could not receive answers.
    if (nowMs - this.#lookedMs > 2 * lookEveryMs) this.#heardMs = nowMs
    this.#lookedMs = nowMs
    if (this.#isSilent || nowMs - this.#heardMs < this.#patienceMs) return
    this.#isSilent = true
    this.#tell(true)
  }
}
