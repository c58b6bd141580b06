// The output of `simulate` as lines for people. Numbers in, words out.
import type { CoverageRow, MutantRow, SavedFiles, SeedResult, ShrunkRun } from '../lab'
import { checkTitle, type CheckName } from '../lab'
import { counted, grouped } from '../trace'

interface Range {
  readonly least: number
  readonly most: number
  readonly sum: number
}

export interface SimulationSummary {
  readonly seeds: number
  readonly first: number
  readonly last: number
  readonly seconds: number
  readonly bad: number
  /** In how many seeds each check found something. */
  readonly byCheck: Readonly<Partial<Record<CheckName, number>>>
  readonly operations: Range
  readonly acknowledged: Range
  readonly faults: Range
  readonly virtualMs: Range
  readonly events: Range
  /** Counted over the seeds that ran to their end. */
  readonly finished: number
  readonly notStuck: number
  readonly histories: Readonly<Record<SeedResult['history'], number>>
}

/** A failing run stops at its failure, so only complete runs count for the amounts. */
export function summaryOf(results: readonly SeedResult[], seconds: number): SimulationSummary {
  const finished = results.filter(({ found }) => found === null)
  const byCheck: Partial<Record<CheckName, number>> = {}
  for (const { found } of results) if (found) byCheck[found.check] = (byCheck[found.check] ?? 0) + 1
  const histories = { 'linearizable': 0, 'not-linearizable': 0, 'unknown': 0, 'not-judged': 0 }
  for (const { history } of results) histories[history]++
  const range = (of: (result: SeedResult) => number): Range => {
    const all = finished.map(of)
    return { least: Math.min(...all, Infinity), most: Math.max(...all, 0), sum: all.reduce((sum, one) => sum + one, 0) }
  }
  return {
    seeds: results.length, first: results[0]?.seed ?? 0, last: results.at(-1)?.seed ?? 0, seconds: Math.round(seconds * 10) / 10,
    bad: results.length - finished.length, byCheck,
    operations: range(({ operations }) => operations), acknowledged: range(({ acknowledged }) => acknowledged), faults: range(({ faults }) => faults),
    virtualMs: range(({ virtualMs }) => virtualMs), events: range(({ events }) => events),
    finished: finished.length, notStuck: finished.filter(({ isStuck }) => !isStuck).length, histories,
  }
}

export function seedsSummary(summary: SimulationSummary): string[] {
  const { seeds, first, last, seconds, bad, byCheck, operations, acknowledged, faults, virtualMs, events, finished, notStuck, histories } = summary
  const undecided = histories.unknown === 0 ? '' : `, and ${grouped(histories.unknown)} ${histories.unknown === 1 ? 'history is' : 'histories are'} undecided`
  const found = bad === 0 ? `no violation${undecided}` : `${grouped(bad)} ${bad === 1 ? 'is' : 'are'} bad: ${Object.entries(byCheck).map(([check, count]) => `${checkTitle(check as CheckName)} in ${grouped(count)}`).join(', ')}`
  const head = `${grouped(seeds)} ${seeds === 1 ? 'seed' : 'seeds'} (${first}..${last}) in ${seconds.toFixed(1)} s: ${found}.`
  if (finished === 0) return [head]
  return [
    head,
    `  operations a seed  ${operations.least} to ${operations.most}; ${grouped(operations.sum)} in all, ${grouped(acknowledged.sum)} acknowledged`,
    `  faults a seed      ${faults.least} to ${faults.most}; ${grouped(faults.sum)} in all`,
    `  virtual time       ${(virtualMs.least / 1000).toFixed(1)} s or more a seed; ${grouped(Math.round(virtualMs.sum / 1000))} s and ${grouped(events.sum)} events in all`,
    `  not stuck          ${grouped(notStuck)} of ${grouped(finished)} at the end (${(notStuck / finished * 100).toFixed(1)} %)`,
    `  histories          ${grouped(histories.linearizable)} linearizable, ${grouped(histories.unknown)} undecided, ${grouped(histories['not-judged'])} not judged`,
  ]
}

/** The coverage, group by group: in how many seeds each item occurred, and how often in all. */
export function coverageLines(rows: readonly CoverageRow[]): string[] {
  const width = Math.max(...rows.map(({ kind }) => kind.length))
  return rows.flatMap(({ group, kind, seeds, times }, index) => [
    ...rows[index - 1]?.group === group ? [] : ['', `${group}${index === 0 ? `${' '.repeat(Math.max(1, width + 4 - group.length))}${'seeds'.padStart(8)}${'times'.padStart(11)}` : ''}`],
    `  ${kind.padEnd(width + 2)}${seeds === 0 ? 'never'.padStart(8) : grouped(seeds).padStart(8)}${seeds === 0 ? '' : grouped(times).padStart(11)}`,
  ])
}

export function shrunkLines({ seed, check, size, before, found, text, runs, isDone, ms }: ShrunkRun, saved: SavedFiles | undefined): string[] {
  const small = `${counted(size.operations, 'operation')}, ${counted(size.faults, 'fault')}, ${counted(size.nodes, 'node')}, ${grouped(size.ms)} ms`
  return [
    `  first              seed ${seed}, ${checkTitle(check)}: ${found}`,
    `  made small         ${small} (of ${before.operations}, ${before.faults}, ${before.nodes}, ${grouped(before.ms)} ms) in ${counted(runs, 'run')}, ${seconds(ms)}${isDone ? '' : '; a limit was reached'}`,
    `  which shows        ${text}`,
    ...saved ? [`  saved              ${[saved.scenario, saved.recording].filter((path) => path !== '').join(', ')}${saved.problem === '' ? '' : ` (no scenario: ${saved.problem})`}`] : [],
  ]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

/** A row for each mutant. */
export function mutantTable(rows: readonly MutantRow[]): string[] {
  const head = ['mutant', 'seed', 'found by', 'operations', 'faults', 'nodes', 'ms', 'found in', 'shrunk in']
  const cells = rows.map(({ mutant, seeds, ms, shrunk }) => {
    if (!shrunk) return [mutant, '-', `not in ${counted(seeds, 'seed')}`, '', '', '', '', seconds(ms), '']
    const { seed, check, size } = shrunk
    return [mutant, String(seed), checkTitle(check), ...[size.operations, size.faults, size.nodes, size.ms].map(String), seconds(ms), seconds(shrunk.ms)]
  })
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const isText = (column: number): boolean => column === 0 || column === 2
  return [head, ...cells].map((row) => row.map((cell, column) => isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)).join('  ').trimEnd())
}
