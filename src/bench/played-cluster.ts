// A cluster without processes that plays the events of a recording as a live session, at any rate, to test the window under load. Like cluster.ts,
// it must never send an event that is not in the file, nor leave a file open after it is stopped.
import { open } from 'node:fs/promises'
import type { Clusters, ClusterOptions, RunningCluster } from '../lab'

/** Interval between batches of events, as of a switchboard under load. */
const tellEveryMs = 10

/** The wall time of every event becomes the time at which it is sent, so that its age on the screen can be measured. */
export function playedClusters(recordingPath: string, eventsPerSecond: number): Clusters & { readonly beganAt: () => number } {
  let beganAt = 0
  const startCluster = async (options: ClusterOptions): Promise<RunningCluster> => {
    const lines = linesOf(recordingPath)
    const header = (await lines.next()).value as string
    // The lab has reserved the name with an empty file.
    const file = await open(options.recordingPath, 'w', 0o600).catch(async (error: unknown) => {
      await lines.return(undefined)
      throw error
    })
    await file.write(`${header}\n`)
    beganAt = Date.now()
    let told = 0
    let bytes = Buffer.byteLength(header) + 1
    let isEnded = false
    let timer: NodeJS.Timeout | undefined
    const tell = async (): Promise<void> => {
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
      if (!isEnded) timer = setTimeout(() => { telling = tell() }, tellEveryMs)
    }
    let telling = tell()
    const nothing = (): Promise<never> => Promise.reject(new Error('A played cluster takes no acts.'))
    return {
      perform: nothing, tell: nothing, load: nothing,
      stop: async () => {
        isEnded = true
        clearTimeout(timer)
        try {
          await telling
        } finally {
          // A generator that is not read to its end must be closed.
          await lines.return(undefined)
          await file.close()
        }
      },
      abandon: () => {
        isEnded = true
        clearTimeout(timer)
      },
    }
  }
  return { startCluster, canPause: () => true, endLeft: () => Promise.resolve(), beganAt: () => beganAt }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path, 'r')
  try {
    yield* file.readLines()
  } finally {
    await file.close()
  }
}
