// A direct-mode view server or replica as the command line starts it, which also records its reports with their times for the bench. It must not
// disturb the measurement: it sends nothing until asked, and samples its event loop only on request.
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
  /** Samples the delay of the event loop every millisecond, which costs some processor time. */
  readonly watchesLoop: boolean
}

/** The bench's question; each is answered by one `NodeFacts`. */
export interface NodeQuestion {
  readonly ask: 'facts'
  /** Clears the reports and pauses after the answer. */
  readonly forget: boolean
}

export interface TimedReport {
  /** Milliseconds of the machine's monotonic clock, which all processes share. */
  readonly atMs: number
  readonly report: Report
}

export interface NodeFacts {
  readonly reports: readonly TimedReport[]
  /** Number of reports beyond `reportsMax`. */
  readonly dropped: number
  /** The longest block of the event loop; 0 if it is not watched. */
  readonly longestPauseMs: number
  readonly residentBytes: number
  readonly heapBytes: number
  /** Memory outside of the heap. */
  readonly externalBytes: number
}

/** Most reports that are kept. */
const reportsMax = 100_000

/** Sampling interval of the event loop; delays are relative to it. */
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
  // The bench has ended for any reason, and its processes must not outlive it.
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
