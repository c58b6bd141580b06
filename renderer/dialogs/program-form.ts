// The programs of a new cluster as rows: whom each may stand for, what is wrong with that, and what a new row begins with. Pure.
// What a command would run only the lab knows (program-check.ts).
import type { CheckedProgram, ProgramChoice } from '../../src/contract'
import { viewServerName } from '../../src/protocol'

export interface ClusterSize {
  readonly replicas: number
  readonly clients: number
}

/** What stands for all nodes of a kind, with the letter that their names begin with. */
const kinds = [{ who: 'replicas', title: 'all replicas', prefix: 's' }, { who: 'clients', title: 'all clients', prefix: 'c' }] as const

const countOf = ({ replicas, clients }: ClusterSize, prefix: 's' | 'c'): number => {
  const count = prefix === 's' ? replicas : clients
  return Number.isInteger(count) && count > 0 ? count : 0
}

function namesOf(size: ClusterSize, who: string): string[] {
  const kind = kinds.find((each) => each.who === who)
  return kind ? Array.from({ length: countOf(size, kind.prefix) }, (_, index) => `${kind.prefix}${index + 1}`) : [who]
}

/** Whom a program may stand for. */
export function whoChoices(size: ClusterSize): { readonly who: string; readonly title: string }[] {
  const nodes = kinds.flatMap(({ who }) => namesOf(size, who)).map((who) => ({ who, title: who }))
  return [...kinds.map(({ who, title }) => ({ who, title })), { who: viewServerName, title: 'view server' }, ...nodes]
}

/** The problem of whom a row stands for, in one sentence; empty if there is none. */
export function whoProblem(rows: readonly ProgramChoice[], index: number, size: ClusterSize): string {
  const { who } = rows[index] ?? { who: '' }
  if (!whoChoices(size).some((choice) => choice.who === who)) return `There is no ${who} in this cluster.`
  if (rows.findIndex((row) => row.who === who) < index) return `${kinds.find((kind) => kind.who === who)?.title ?? who}: a program was named above.`
  return nodesOf(rows, index, size).length === 0 ? 'Each of them has a program of its own.' : ''
}

/** The nodes that a row's program runs as: a node that has a row of its own is not among those of its kind. */
export function nodesOf(rows: readonly ProgramChoice[], index: number, size: ClusterSize): string[] {
  const { who } = rows[index] ?? { who: '' }
  return namesOf(size, who).filter((name) => name === who || !rows.some((row) => row.who === name))
}

/** A new row: the last program that ran and is not here yet, else an empty one for the first node that has none. */
export function offeredRow(rows: readonly ProgramChoice[], size: ClusterSize, last: readonly ProgramChoice[]): ProgramChoice {
  const free = whoChoices(size).map(({ who }) => who).filter((who) => !rows.some((row) => row.who === who))
  const offered = last.find(({ who }) => free.includes(who))
  return offered ? { ...offered } : { who: free.find((who) => who === 's2') ?? free[0] ?? 's1', command: '', folder: '' }
}

/** The commands that ran before, each once, with the folder of its last run. */
export function knownCommands(last: readonly ProgramChoice[]): Map<string, string> {
  return new Map([...last].reverse().map(({ command, folder }) => [command, folder] as const))
}

/** The first problem of the rows in one sentence; empty if there is none. `checked`: what the lab says of each. */
export function programsProblem(rows: readonly ProgramChoice[], size: ClusterSize, checked: readonly CheckedProgram[]): string {
  return rows.map((_, index) => whoProblem(rows, index, size) || checkedProblem(checked[index])).find((problem) => problem !== '') ?? ''
}

export function checkedProblem(checked: CheckedProgram | undefined): string {
  return checked ? checked.commandProblem || checked.folderProblem : 'The lab has not checked the commands yet.'
}
