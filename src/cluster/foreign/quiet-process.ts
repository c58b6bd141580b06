// When a process without steps has nothing more to do: all of its threads sleep, twice in a row. It must never wait for long: a program with a clock
// of its own is never quiet for good.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const betweenMs = 5
const longestMs = 500
/** Where the system does not tell the states of threads. */
const blindMs = 100

export async function untilQuiet(pid: number): Promise<void> {
  if (process.platform !== 'linux') return void await pause(blindMs)
  let inARow = 0
  for (let waited = 0; waited < longestMs && inARow < 3; waited += betweenMs) {
    await pause(betweenMs)
    inARow = isAsleep(pid) ? inARow + 1 : 0
  }
}

function isAsleep(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      return stat[stat.lastIndexOf(')') + 2] === 'S'
    })
  } catch {
    // It has ended.
    return true
  }
}
