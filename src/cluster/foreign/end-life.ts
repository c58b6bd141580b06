// Ends what programs have started and left behind: processes that went into a group or a session of their own. They are found by the names that all of
// them inherit. It must never end a process unless its own environment has every name.
import { readdir, readFile } from 'node:fs/promises'
import { folderVariable } from '../supervisor/cluster-folder'
import { identifyProcess, signalProcess } from '../supervisor/process-identity'
import { lifeVariable } from './program-spec'

/** `life`: the node and its incarnation, `s1.2`. */
export function endLife(folder: string, life: string): Promise<void> {
  return endMarked(folder, [`${folderVariable}=${folder}`, `${lifeVariable}=${life}`])
}

/** Ends every program of this cluster. */
export function endPrograms(folder: string): Promise<void> {
  return endMarked(folder, [`${folderVariable}=${folder}`])
}

/** Does nothing where the system has no /proc. */
async function endMarked(folder: string, marks: readonly string[]): Promise<void> {
  if (process.platform !== 'linux' || folder === '') return
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const identity = identifyProcess(pid)
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0')
    if (marks.every((mark) => environment.includes(mark))) signalProcess(identity, 'SIGKILL')
  }
}
