// Measures the cost of watching the rules. A live cluster with 8 clients in a closed loop is alternately watched, as in a session, and not watched.
// Then its events are judged in this process, with all monitors and without the monitor that replays replicas, to measure events a second.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { RuleMonitors, RuleTeller, type RuleName } from '../check'
import { defaultClusterSettings, defaultWorkload } from '../contract'
import { makeTemporaryFolder } from '../system'
import { parseEventLines, type TraceHeader } from '../trace'
import type { ClusterStarter, EventLines, RunningCluster } from './cluster-seam'
import { EventLog } from './event-log'
import type { ClusterPrograms } from './lab-options'
import { headerFor } from './live-session'
import { RuleWatch } from './rule-watch'

export interface RulesBench {
  readonly rounds: number
  /** The length of each measurement. */
  readonly seconds: number
  readonly programs: ClusterPrograms
  readonly startCluster: ClusterStarter
  readonly print: (line: object) => void
}

/** Warm-up before the measurement: views are formed and code is compiled. */
const warmUpMs = 3000

/** The pause before each turn. */
const settleMs = 100

interface Counted {
  operations: number
  events: number
  /** The largest number of events that the watch had not yet judged at the end of a turn. */
  behind: number
}

/** At most so many events are judged again to measure the rates. */
const judgedEventsMax = 300_000

export async function measureRules({ rounds, seconds, programs, startCluster, print }: RulesBench): Promise<void> {
  const folder = makeTemporaryFolder('bench')
  const run = new Run(join(folder.path, 'bench.jsonl'))
  try {
    await run.start(programs, startCluster)
    const perSecond = { watched: [] as number[], bare: [] as number[] }
    for (let round = 1; round <= rounds; round++) {
      const { watched, bare } = await run.round(seconds, round % 2 === 0)
      perSecond.watched.push(watched.operations / seconds)
      perSecond.bare.push(bare.operations / seconds)
      print({
        round, watched: Math.round(watched.operations / seconds), notWatched: Math.round(bare.operations / seconds), ratio: rounded(watched.operations / bare.operations),
        eventsPerSecond: Math.round(watched.events / seconds), behind: watched.behind,
      })
    }
    await run.stop()
    judgeRates(run.header, run.texts, print)
    const [watched, bare] = [median(perSecond.watched), median(perSecond.bare)]
    print({ rounds, clients: 8, watched: Math.round(watched), notWatched: Math.round(bare), ratio: rounded(watched / bare), unit: 'operations/s, medians' })
  } finally {
    await run.stop()
    folder.remove()
  }
}

/** One cluster for all measurements, as two clusters differ too much. */
class Run {
  readonly header: TraceHeader = headerFor({ ...defaultClusterSettings, title: 'bench', clients: 8 }, { seed: 'bench', createdAt: new Date(), protocolHash: '' })
  /** The first events, kept to be judged again. */
  readonly texts: string[] = []
  readonly #log: EventLog
  readonly #path: string
  #watch: RuleWatch | null = null
  #isWatched = true
  #operations = 0
  #cluster: RunningCluster | null = null

  constructor(path: string) {
    this.#path = path
    this.#log = new EventLog(path)
  }

  async start(programs: ClusterPrograms, startCluster: ClusterStarter): Promise<void> {
    const cluster = this.#cluster = await startCluster({
      header: this.header, recordingPath: this.#path, nodeProgram: programs.node, switchboardProgram: programs.switchboard,
      onEvents: (lines) => this.#take(lines), onRecording: () => undefined, onEnded: () => undefined,
    })
    this.#watch = new RuleWatch({ header: this.header, source: this.#log, tell: (violation) => cluster.tell(violation) })
    await cluster.perform({ type: 'start-workload', plan: { ...defaultWorkload, rate: 0, inFlight: 1 } })
    await pause(warmUpMs)
  }

  #take(lines: EventLines): void {
    this.#log.append(lines)
    if (this.#log.latest < judgedEventsMax) this.texts.push(lines.text)
    this.#operations += lines.text.split('"type":"operation-returned"').length - 1
    if (this.#isWatched) this.#watch?.take(lines)
  }

  /** Alternates between watched and not watched, one second each, `seconds` in all for both. Other load changes more slowly, so it affects both alike. */
  async round(seconds: number, beginsWatched: boolean): Promise<{ watched: Counted; bare: Counted }> {
    const watched: Counted = { operations: 0, events: 0, behind: 0 }
    const bare: Counted = { operations: 0, events: 0, behind: 0 }
    for (let turn = 0; turn < seconds * 2; turn++) {
      const isWatched = (turn % 2 === 0) === beginsWatched
      await this.#measure(isWatched, isWatched ? watched : bare)
    }
    return { watched, bare }
  }

  async #measure(isWatched: boolean, counted: Counted): Promise<void> {
    // Judges the events of an unwatched turn now, so that this work is not measured.
    await this.#watch?.caughtUp()
    this.#isWatched = isWatched
    await pause(settleMs)
    const before = { operations: this.#operations, events: this.#log.latest }
    await pause(1000)
    counted.operations += this.#operations - before.operations
    counted.events += this.#log.latest - before.events
    if (isWatched) counted.behind = Math.max(counted.behind, this.#log.latest - (this.#watch?.lookedAt ?? 0))
  }

  async stop(): Promise<void> {
    this.#watch?.stop()
    await this.#cluster?.stop()
    this.#cluster = null
  }
}

/** Judges the same events as fast as possible; parsing them from their lines is measured separately. */
function judgeRates(header: TraceHeader, texts: readonly string[], print: (line: object) => void): void {
  const events = texts.flatMap((text) => parseEventLines(text))
  const began = performance.now()
  const teller = new RuleTeller(header, () => undefined)
  for (const text of texts) teller.takeLines(text)
  const readAndJudged = events.length / (performance.now() - began) * 1000
  const rate = (except: readonly RuleName[]): number => {
    const monitors = new RuleMonitors(header, except)
    const start = performance.now()
    for (const event of events) monitors.take(event)
    return Math.round(events.length / (performance.now() - start) * 1000)
  }
  const all: number[] = []
  const without: number[] = []
  for (let round = 0; round < 5; round++) {
    all.push(rate([]))
    without.push(rate(['equal-copies']))
  }
  print({
    events: events.length, readAndJudgedPerSecond: Math.round(readAndJudged), judgedPerSecond: median(all),
    judgedPerSecondWithoutEqualCopies: median(without), unit: 'events/s, medians of 5',
  })
}

/** The median of unsorted values; 0 without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] ?? 0 : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const rounded = (ratio: number): number => Math.round(ratio * 1000) / 1000
