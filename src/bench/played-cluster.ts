// A cluster without processes that tells the events of a recording again, at any rate, as a live session: what the window bears then.
// It must be at the seam what cluster.ts is: events are in the file before they are told.
import { open } from 'node:fs/promises'
import type { Clusters, ClusterOptions, RunningCluster } from '../lab'

/** How often events are told, as a switchboard under load does. */
const tellEveryMs = 10

/** Every event's wall time becomes the moment at which it is told, so that its age on the screen can be seen. */
export function playedClusters(recordingPath: string, eventsPerSecond: number): Clusters & { readonly beganAt: () => number } {
  let beganAt = 0
  const startCluster = async (options: ClusterOptions): Promise<RunningCluster> => {
    const lines = linesOf(recordingPath)
    const header = (await lines.next()).value as string
    const file = await open(options.recordingPath, 'wx', 0o600)
    await file.write(`${header}\n`)
    beganAt = Date.now()
    let told = 0
    let bytes = Buffer.byteLength(header) + 1
    let isEnded = false
    const tell = async (): Promise<void> => {
      if (isEnded) return
      const due = Math.floor((Date.now() - beganAt) / 1000 * eventsPerSecond)
      const from = told + 1
      const texts: string[] = []
      const wall = (Date.now() - beganAt) * 1000
      for (; told < due; told++) {
        const next = await lines.next()
        if (next.done) break
        texts.push(next.value.replace(/"wall":\d+/, `"wall":${wall}`))
      }
      if (texts.length > 0) {
        const text = texts.join('\n')
        bytes += (await file.write(`${text}\n`)).bytesWritten
        options.onEvents({ from, count: texts.length, text })
        options.onRecording({ bytes, problem: '' })
      }
      setTimeout(() => void tell(), tellEveryMs)
    }
    void tell()
    const nothing = (): Promise<never> => Promise.reject(new Error('A played cluster takes no acts.'))
    return {
      kill: nothing, pause: nothing, resume: nothing, restart: nothing, freeze: nothing, thaw: nothing, act: nothing,
      tell: nothing, invoke: nothing, startWorkload: nothing, stopWorkload: nothing, load: nothing,
      stop: async () => {
        isEnded = true
        await file.close()
      },
    }
  }
  return { startCluster, canPause: () => true, beganAt: () => beganAt }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path, 'r')
  try {
    yield* file.readLines()
  } finally {
    await file.close()
  }
}
