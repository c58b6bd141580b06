// A view server or a replica of direct mode as the command line starts it, that also remembers when it reported what, and tells it to the
// bench which started it. It must not disturb what is measured: it says nothing until it is asked, and samples its loop only if told to.
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import { rehearseSoon, startDirectNode } from '../cluster'
import type { Report, Settings } from '../protocol'

export interface MeasuredNodeStart {
  readonly kind: 'view-server' | 'replica'
  readonly name: string
  readonly listen: string
  readonly viewServer: string
  readonly settings: Settings
  readonly incarnation: number
  /** Samples how late the event loop is, each millisecond; it costs some processor time. */
  readonly watchesLoop: boolean
}

/** What the bench asks; every question is answered by one `NodeFacts`. */
export interface NodeQuestion {
  readonly ask: 'facts'
  /** Forgets reports and pauses that were told. */
  readonly forget: boolean
}

export interface TimedReport {
  /** Milliseconds of the machine's monotonic clock, the same in every process. */
  readonly atMs: number
  readonly report: Report
}

export interface NodeFacts {
  readonly reports: readonly TimedReport[]
  /** How many reports there was no room for. */
  readonly dropped: number
  /** The longest time in which the event loop did nothing else; 0 if it is not watched. */
  readonly longestPauseMs: number
  readonly residentBytes: number
  readonly heapBytes: number
  /** Outside of the heap. */
  readonly externalBytes: number
}

/** Reports kept until they are asked for. */
const reportsMax = 100_000

/** How often the loop is looked at: what is late is late against this. */
const loopResolutionMs = 1

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

async function main(start: MeasuredNodeStart): Promise<void> {
  const loop = start.watchesLoop ? monitorEventLoopDelay({ resolution: loopResolutionMs }) : null
  let reports: TimedReport[] = []
  let dropped = 0
  const node = await startDirectNode({
    kind: start.kind, name: start.name, listen: start.listen, viewServer: start.viewServer, settings: start.settings, incarnation: start.incarnation,
    log: (sentence) => void process.stderr.write(`${start.name}: ${sentence}\n`),
    onReport: (report) => {
      if (reports.length < reportsMax) reports.push({ atMs: monotonicMs(), report })
      else dropped++
    },
    onSuperseded: () => process.exit(1),
  })
  loop?.enable()
  rehearseSoon()
  process.on('message', ({ forget }: NodeQuestion) => {
    const { rss, heapUsed, external } = process.memoryUsage()
    const facts: NodeFacts = { reports, dropped, longestPauseMs: longestPause(loop), residentBytes: rss, heapBytes: heapUsed, externalBytes: external }
    process.send?.(facts)
    if (!forget) return
    reports = []
    dropped = 0
    loop?.reset()
  })
  // The bench has ended, however it did: nothing that it started outlives it.
  process.on('disconnect', () => {
    node.close()
    process.exit(0)
  })
  process.send?.({ listening: node.address })
}

function longestPause(loop: IntervalHistogram | null): number {
  return loop && loop.count > 0 ? Math.max(0, loop.max / 1e6 - loopResolutionMs) : 0
}

if (process.send && process.argv[2] !== undefined) {
  main(JSON.parse(process.argv[2]) as MeasuredNodeStart).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
