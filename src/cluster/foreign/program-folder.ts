// The private folder of programs in virtual time. Their owner ends all that it has started, and a later lab ends what a killed owner has left.
import { ClusterFolder } from '../supervisor/cluster-folder'
import { endPrograms } from './end-life'

export class ProgramFolder {
  readonly #folder = new ClusterFolder()

  get path(): string {
    return this.#folder.path
  }

  /** Ends what is left of the programs, and what they have started, wherever it went. */
  async close(): Promise<void> {
    await endPrograms(this.path)
    this.#folder.remove()
  }
}
