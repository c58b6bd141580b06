// The private folder of programs in virtual time. Their owner ends all that it has started, and a later lab ends what a killed owner has left.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { atEnd } from '../../system/at-end'
import { ClusterFolder, folderFiles } from '../supervisor/cluster-folder'
import { identityOf, signalProcess } from '../supervisor/process-identity'
import { endPrograms } from './end-life'

export class ProgramFolder {
  readonly #folder = new ClusterFolder()
  /** A signal that ends this process ends its programs too. */
  readonly #takeBackEnd = atEnd(() => this.#endNoted())

  get path(): string {
    return this.#folder.path
  }

  /** Ends what is left of the programs, and what they have started, wherever it went. */
  async close(): Promise<void> {
    this.#takeBackEnd()
    await endPrograms(this.path)
    this.#folder.remove()
  }

  #endNoted(): void {
    try {
      for (const line of readFileSync(join(this.path, folderFiles.processes), 'utf8').split('\n')) {
        const identity = identityOf(line)
        if (identity) signalProcess(identity, 'SIGKILL', 'group')
      }
    } catch {
      // None was started.
    }
    this.#folder.remove()
  }
}
