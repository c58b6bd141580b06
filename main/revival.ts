// Reloads the page after its process died (out of memory, killed, a crash) and logs it. The lab's session goes on unaffected.
// It must never reload for ever a page that dies each time.

/** After more deaths than this within a minute, a dialog asks before the next reload. */
const deathsMax = 3
const withinMs = 60_000

/** Why the page's process ended, in Electron's words. */
export type Reason = 'clean-exit' | 'abnormal-exit' | 'killed' | 'crashed' | 'oom' | 'launch-failed' | 'integrity-failure' | 'memory-eviction'

export interface RevivalOptions {
  readonly nowMs: () => number
  readonly log: (sentence: string) => void
  readonly load: () => void
  /** Asks whether to load the page once more; false: the window is closed. */
  readonly ask: (sentence: string) => Promise<boolean>
  readonly close: () => void
}

export class Revival {
  readonly #options: RevivalOptions
  #deathsMs: number[] = []

  constructor(options: RevivalOptions) {
    this.#options = options
  }

  /** To be called when the page's process has ended. */
  async died(reason: Reason): Promise<void> {
    const { nowMs, log, load, ask, close } = this.#options
    // Expected: the window was closed.
    if (reason === 'clean-exit') return
    const now = nowMs()
    this.#deathsMs = [...this.#deathsMs.filter((ms) => now - ms < withinMs), now]
    const died = `The window's page has ended (${words[reason]}).`
    if (this.#deathsMs.length <= deathsMax) {
      log(`${died} It is loaded again; the session goes on.`)
      return load()
    }
    log(`${died} It was loaded ${deathsMax} times within a minute, and a person is asked.`)
    if (await ask(`${died} The session goes on without it. It ended ${this.#deathsMs.length} times within a minute.`)) {
      this.#deathsMs = []
      return load()
    }
    close()
  }
}

const words: Readonly<Record<Exclude<Reason, 'clean-exit'>, string>> = {
  'abnormal-exit': 'with an error', 'killed': 'it was killed', 'crashed': 'it crashed', 'oom': 'it had no memory left', 'launch-failed': 'it could not be started',
  'integrity-failure': 'its code was not what it should be', 'memory-eviction': 'the system took its memory',
}
