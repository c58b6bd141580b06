// Times one failover of the minimal model (failover-floor-node.ts): from kill -9 of its primary until the other node answers `yes` to a client that
// asks every 2 ms.
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { killChild } from '../system'
import type { FloorStart } from './failover-floor-node'
import { benchFolder, end, firstMessage, patienceMs, startProgram } from './measured-cluster'

const askEveryMs = 2

export interface FloorTimes {
  readonly pingIntervalMs: number
  readonly deadAfterMs: number
  readonly checkIntervalMs: number
}

export async function killFloor(program: string, times: FloorTimes): Promise<number> {
  const folder = benchFolder()
  const at = (name: string): string => join(folder.path, name)
  const start = async (name: string): Promise<ReturnType<typeof startProgram>> => {
    const about: FloorStart = { ...times, name, listen: at(name), viewServer: name === 'vs' ? '' : at('vs') }
    const child = startProgram(program, [JSON.stringify(about)])
    await firstMessage(child, `the floor's ${name}`)
    return child
  }
  const children = [await start('vs')]
  try {
    for (const name of ['a', 'b']) children.push(await start(name))
    const [toPrimary, toBackup] = [new Asker(at('a')), new Asker(at('b'))]
    while (!await toPrimary.ask()) await pause(1)
    // Kills at a random time between two pings.
    await pause(150 + Math.random() * times.pingIntervalMs)
    const killedAt = performance.now()
    killChild(children[1], 'SIGKILL')
    await firstYes(toBackup)
    const ms = performance.now() - killedAt
    toPrimary.close()
    toBackup.close()
    return ms
  } finally {
    await Promise.all(children.map(end))
    folder.remove()
  }
}

function firstYes(asker: Asker): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('the floor did not fail over')), patienceMs)
    const asking = setInterval(() => {
      void asker.ask().then((isYes) => {
        if (!isYes) return
        clearTimeout(patience)
        clearInterval(asking)
        resolve()
      })
    }, askEveryMs)
  })
}

class Asker {
  readonly #socket: Socket
  readonly #waiting: ((isYes: boolean) => void)[] = []

  constructor(address: string) {
    this.#socket = connect(address)
    this.#socket.on('error', () => undefined) // The bench kills the other end on purpose.
    let rest = ''
    this.#socket.on('data', (data) => {
      const lines = (rest + String(data)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#waiting.shift()?.(line === 'yes')
    })
  }

  ask(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write('?\n')
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}
