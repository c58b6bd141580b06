// Watches the npm process that started this program. npm that ends by a signal, or is killed, leaves its scripts running. A closed terminal sends
// a signal itself, so only starters like npm need this watch.
import { readFileSync } from 'node:fs'

const askEveryMs = 500
const shells = new Set(['sh', 'dash', 'bash', 'ash', 'zsh', 'ksh', 'busybox'])

/** The name of a process and its parent's id; undefined where there is no /proc or the process has ended. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    return { name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(stat.slice(end + 2).split(' ')[1]) }
  } catch {
    return undefined
  }
}

/** Calls back once when the npm that runs this script has ended; never if npm did not start it. It detects the end by the child's new parent process. */
export function watchStarter(gone, environment = process.env) {
  if (!environment.npm_lifecycle_event) return
  const parent = process.ppid
  const shell = statOf(parent)
  // npm may start a script through a shell, so the shell's parent counts too.
  const starter = shell && shells.has(shell.name) ? shell.parent : undefined
  const timer = setInterval(() => {
    if (process.ppid === parent && (starter === undefined || statOf(parent)?.parent === starter)) return
    clearInterval(timer)
    gone()
  }, askEveryMs)
  timer.unref()
}
