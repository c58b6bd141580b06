// What one lab knows of its last cluster and its last programs, in memory and in the data folder. A folder that cannot be written is only logged.
// A lab that other people reach must never tell them what its account has run.
import type { ClusterSettings, ProgramChoice } from '../contract'
import type { MutantName } from '../protocol'
import { reasonOf } from '../system'
import { newestFirst, rememberPrograms, rememberSettings, type Last } from './last-settings'

export interface LabMemoryOptions {
  readonly dataFolder: string
  readonly last: Last
  /** True for a lab that runs programs of others. */
  readonly hasPrograms: boolean
  /** What the host says of every new cluster; without it the last setting, and no mutant. */
  readonly mutants?: readonly MutantName[]
  readonly diskFreeMiBMin?: number
  readonly log: (sentence: string) => void
}

export class LabMemory {
  readonly #options: LabMemoryOptions
  #settings: ClusterSettings
  #programs: readonly ProgramChoice[]
  #written: Promise<unknown> = Promise.resolve()

  constructor(options: LabMemoryOptions) {
    const { last, hasPrograms, mutants = [], diskFreeMiBMin = last.settings.diskFreeMiBMin } = options
    this.#options = options
    this.#programs = hasPrograms ? last.programs : []
    this.#settings = { ...last.settings, programs: hasPrograms ? last.settings.programs : [], diskFreeMiBMin, mutants: [...mutants] }
  }

  get settings(): ClusterSettings { return this.#settings }
  /** What ran, the newest first. */
  get programs(): readonly ProgramChoice[] { return this.#programs }
  /** Settles when the pending writes are done. */
  get written(): Promise<unknown> { return this.#written }

  takeCluster(settings: ClusterSettings): void {
    const { dataFolder, mutants = [] } = this.#options
    const before = this.#settings
    this.#settings = { ...settings, title: '', seed: '', mutants: [...mutants] }
    this.#programs = newestFirst(settings.programs, this.#programs)
    this.#after(rememberSettings(dataFolder, before, settings))
  }

  takePrograms(ran: readonly ProgramChoice[]): void {
    if (ran.length === 0) return
    this.#programs = newestFirst(ran, this.#programs)
    this.#after(rememberPrograms(this.#options.dataFolder, ran))
  }

  #after(written: Promise<void>): void {
    this.#written = Promise.all([this.#written, written]).catch((error: unknown) => {
      this.#options.log(`The settings could not be remembered: ${reasonOf(error)}.`)
    })
  }
}
