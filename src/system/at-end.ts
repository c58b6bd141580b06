// Runs clean-up functions when this process ends: by itself, by an error or by a signal. It must never keep a signal from ending the process.
import { endSignals } from './end-signals'

const acts = new Set<() => void>()
let isWatching = false

/** Calls `act` synchronously at the end of this process, later registrations first; returns a function that cancels it. Nothing is called after SIGKILL. */
export function atEnd(act: () => void): () => void {
  watch()
  acts.add(act)
  return () => void acts.delete(act)
}

function watch(): void {
  if (isWatching) return
  isWatching = true
  process.on('exit', putAway)
  for (const signal of endSignals) process.on(signal, endBySignal)
}

function putAway(): void {
  for (const act of [...acts].reverse()) act()
  acts.clear()
}

/** Ends this process as the signal would have, unless another listener handles the signal: then that listener decides. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  putAway()
  process.off(signal, endBySignal)
  process.kill(process.pid, signal)
}
