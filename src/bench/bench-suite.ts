// `bench [NAME...]`: runs benches one after the other, prints JSON lines, and ends with one table of their goals. It is a program of its own, which
// the command line loads on request.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { endSignals, makeTemporaryFolder, reasonOf } from '../system'
import type { Bench } from './bench'
import { benches } from './benches'
import { Children } from './children'
import { watchForeignCores } from './foreign-cpu'
import { isEnough, isQuiet, type GoalSummary } from './goals'
import { Ledger } from './ledger'
import { describeMachine, type MachineLine } from './machine-line'
import { goalTable, rowTable } from './table'

export interface SuiteOptions {
  /** Names of benches; empty for all. */
  readonly names: readonly string[]
  /** 0 for the default of each bench. */
  readonly rounds: number
  readonly seconds: number
  /** A line of standard output. */
  readonly print: (line: object) => void
  /** Text for the user, the table last. */
  readonly say: (text: string) => void
  /** A file for the tables; empty for none. */
  readonly markdown: string
}

/** Resolves with '', or with one sentence that says why nothing could be measured. */
export async function runSuite(options: SuiteOptions): Promise<string> {
  const unknown = options.names.find((name) => !benches.some((bench) => bench.name === name))
  if (unknown !== undefined) return `There is no bench ${JSON.stringify(unknown.slice(0, 40))}; there are ${benches.map(({ name }) => name).join(', ')}.`
  // An interrupted run ends its children and removes its folders, as an `exit` does.
  const interrupted = (): void => process.exit(130)
  for (const signal of endSignals) process.on(signal, interrupted)
  try {
    return await runAll(options)
  } finally {
    for (const signal of endSignals) process.off(signal, interrupted)
  }
}

async function runAll(options: SuiteOptions): Promise<string> {
  const machine = describeMachine()
  options.print({ bench: 'machine', ...machine })
  const reports: ReturnType<typeof reportOf>[] = []
  const problems: string[] = []
  for (const bench of benches.filter(({ name }) => options.names.length === 0 || options.names.includes(name))) {
    const ledger = new Ledger(bench.goals)
    const problem = await runBench(bench, ledger, options)
    if (problem !== '') problems.push(`The bench ${bench.name} could not be finished: ${problem}.`)
    for (const summary of ledger.summaries()) options.print({ bench: bench.name, ...summary })
    reports.push(reportOf(bench, ledger, problem))
  }
  options.say(reports.map(({ goals }) => goals).join('\n'))
  if (options.markdown !== '') writeFileSync(options.markdown, `${machineSentence(machine)}\n\n${reports.map(({ goals, rows }) => `${goals}\n${rows}`).join('\n')}`)
  return problems.join('\n')
}

async function runBench(bench: Bench, ledger: Ledger, options: SuiteOptions): Promise<string> {
  const folder = makeTemporaryFolder('bench', { inside: longestName })
  const children = new Children()
  const acts: (() => void | Promise<void>)[] = []
  const print = (line: object): void => options.print({ bench: bench.name, ...line })
  try {
    await bench.run({
      rounds: options.rounds || bench.rounds, seconds: options.seconds || bench.seconds, programs: fileURLToPath(new URL('.', import.meta.url)), folder: folder.path, children, watchForeignCores,
      atEnd: (act) => void acts.push(act),
      round: (line) => {
        print(isQuiet(line) ? line : { ...line, disturbed: true })
        ledger.round(line)
      },
      value: (goal, value, foreignCores) => ledger.value(goal, value, foreignCores),
      absent: (what, why) => {
        print({ absent: what, why })
        ledger.absent.push({ what, why })
      },
    })
    return ''
  } catch (error) {
    const problem = reasonOf(error)
    print({ problem })
    return problem
  } finally {
    for (const act of acts.toReversed()) await act()
    await children.close()
    folder.remove()
  }
}

/** As long as any path of a socket below a bench's folder. */
const longestName = 'x'.repeat(30)

function reportOf(bench: Bench, ledger: Ledger, problem: string): { goals: string; rows: string } {
  const summaries = ledger.summaries()
  const notes = [
    ...ledger.absent.map(({ what, why }) => `Absent: ${what}. ${why}`),
    ...tooFewQuiet(summaries),
    ...problem === '' ? [] : [`It could not be finished: ${problem}`],
  ]
  const heading = `### ${bench.name}: ${bench.title}\n\n`
  const rows = ledger.rows()
  return {
    goals: `${heading}${summaries.length > 0 ? goalTable(summaries) : ''}${notes.map((note) => `\n${note}\n`).join('')}`,
    rows: rows.length > 0 ? rowTable(rows) : '',
  }
}

function tooFewQuiet(summaries: readonly GoalSummary[]): string[] {
  const goals = summaries.filter(({ rounds, quietRounds }) => rounds > 0 && !isEnough(quietRounds, rounds)).map(({ goal }) => goal)
  return goals.length === 0 ? [] : [`Others used the machine in more than half of the rounds; these medians are of all rounds: ${goals.join('; ')}.`]
}

function machineSentence({ processor, cores, memoryGiB, kernel, node, redis, etcd, gcc }: MachineLine): string {
  return `${new Date().toISOString().slice(0, 10)}, ${cores} cores of ${processor}, ${memoryGiB} GiB, kernel ${kernel}, Node ${node}, Redis ${redis}, etcd ${etcd}, gcc ${gcc}.`
}
