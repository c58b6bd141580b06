// `bench [NAME...]`: runs benches one after the other, prints JSON lines, and at the end one table of their goals. A program of its own
// beside the command line, which loads it when it is asked for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench } from './bench'
import { benches } from './benches'
import { Children } from './children'
import { watchForeignCores } from './foreign-cpu'
import { isQuiet } from './goals'
import { Ledger } from './ledger'
import { describeMachine, type MachineLine } from './machine-line'
import { goalTable, rowTable } from './table'

export interface SuiteOptions {
  /** Empty for all. */
  readonly names: readonly string[]
  /** 0 for each bench's own. */
  readonly rounds: number
  readonly seconds: number
  /** A line of standard output. */
  readonly print: (line: object) => void
  /** Text for a person, the table last. */
  readonly say: (text: string) => void
  /** A file for the tables; empty for none. */
  readonly markdown: string
}

/** Empty, or one sentence: why nothing could be measured. */
export async function runSuite(options: SuiteOptions): Promise<string> {
  const unknown = options.names.find((name) => !benches.some((bench) => bench.name === name))
  if (unknown !== undefined) return `There is no bench ${JSON.stringify(unknown.slice(0, 40))}; there are ${benches.map(({ name }) => name).join(', ')}.`
  const machine = describeMachine()
  options.print({ bench: 'machine', ...machine })
  const reports: ReturnType<typeof reportOf>[] = []
  const problems: string[] = []
  for (const bench of benches.filter(({ name }) => options.names.length === 0 || options.names.includes(name))) {
    const ledger = new Ledger(bench.goals)
    const problem = await runBench(bench, ledger, options)
    if (problem !== '') problems.push(`${bench.name}: ${problem}`)
    for (const summary of ledger.summaries()) options.print({ bench: bench.name, ...summary })
    reports.push(reportOf(bench, ledger, problem))
  }
  options.say(reports.map(({ goals }) => goals).join('\n'))
  if (options.markdown !== '') writeFileSync(options.markdown, `${machineSentence(machine)}\n\n${reports.map(({ goals, rows }) => `${goals}\n${rows}`).join('\n')}`)
  return problems.join('\n')
}

async function runBench(bench: Bench, ledger: Ledger, options: SuiteOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir().length <= tmpPathMax ? tmpdir() : '/tmp', 'understudy-bench-'))
  const children = new Children()
  const print = (line: object): void => options.print({ bench: bench.name, ...line })
  try {
    await bench.run({
      rounds: options.rounds || bench.rounds, seconds: options.seconds || bench.seconds, programs: fileURLToPath(new URL('.', import.meta.url)), folder, children, watchForeignCores,
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
    const problem = error instanceof Error ? error.message : String(error)
    print({ problem })
    return problem
  } finally {
    await children.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A socket's path takes 103 bytes; the names of folder and socket need the rest. */
const tmpPathMax = 50

function reportOf(bench: Bench, ledger: Ledger, problem: string): { goals: string; rows: string } {
  const summaries = ledger.summaries()
  const notes = [
    ...ledger.absent.map(({ what, why }) => `Absent: ${what}. ${why}`),
    ...summaries.filter(({ of, rounds }) => of === 'all rounds' && rounds > 0).map(({ goal }) => `Too few quiet rounds, all are in the median: ${goal}.`),
    ...problem === '' ? [] : [`It could not be finished: ${problem}`],
  ]
  const heading = `### ${bench.name}: ${bench.title}\n\n`
  const rows = ledger.rows()
  return {
    goals: `${heading}${summaries.length > 0 ? goalTable(summaries) : ''}${notes.map((note) => `\n${note}\n`).join('')}`,
    rows: rows.length > 0 ? rowTable(rows) : '',
  }
}

function machineSentence({ processor, cores, memoryGiB, kernel, node, redis, etcd, gcc }: MachineLine): string {
  return `${new Date().toISOString().slice(0, 10)}, ${cores} cores of ${processor}, ${memoryGiB} GiB, kernel ${kernel}, Node ${node}, Redis ${redis}, etcd ${etcd}, gcc ${gcc}.`
}
