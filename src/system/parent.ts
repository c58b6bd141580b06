// Watches the parent that started this program, by a pipe whose other end only the parent holds. The pipe closes with the parent, however that ends.
import { Socket } from 'node:net'

/** The number of the pipe's descriptor, set by the parent (scripts/start.mjs). */
const variable = 'UNDERSTUDY_PARENT_PIPE'

/** Calls back once when the parent has gone; never if it gave no pipe. Children of this program do not inherit the variable. */
export function onParentEnd(ended: () => void, environment: NodeJS.ProcessEnv = process.env): void {
  const descriptor = Number(environment[variable] ?? '')
  delete environment[variable]
  if (!Number.isInteger(descriptor) || descriptor < 3) return
  try {
    const pipe = new Socket({ fd: descriptor, readable: true, writable: false })
    pipe.on('error', () => undefined) // Its close follows.
    pipe.once('close', ended)
    pipe.resume().unref()
  } catch {
    // The variable was set by hand and there is no pipe: nothing to watch.
  }
}
