// Every command of the palette as a list made from what is so now. Pure: `act` is called with a command's name, and runs it (commands.ts).
// A command that is refused now stays in the list with its reason.
import type { OperationRequest } from '../../src/contract'
import { operationText, type Life } from '../../src/trace'
import { parseOperation } from '../panels/send/send'
import { keysOf } from './keys'

export interface PaletteCommand {
  readonly group: 'Cluster' | 'Time' | 'Operations' | 'Go to' | 'File' | 'Window'
  readonly title: string
  /** What runs: a name of commands.ts, and what it is about. */
  readonly name: string
  readonly about?: string | number | OperationRequest
  /** Keys as shown; empty without any. */
  readonly keys: string
  /** Why it cannot be done now; '' when it can. */
  readonly problem: string
}

export interface CommandFacts {
  /** Why nothing live can be done now; ''. */
  readonly liveProblem: string
  /** Why the lab cannot be asked at all; ''. */
  readonly commandProblem: string
  readonly canPause: boolean
  readonly frozen: boolean
  readonly hasSession: boolean
  readonly follow: boolean
  readonly workloadRuns: boolean
  /** In the order of panels; `role` as words: "the primary", "a backup", "idle", "dead". */
  readonly processes: readonly { readonly name: string; readonly kind: 'view-server' | 'replica' | 'client'; readonly role: string; readonly life: Life }[]
  readonly selected: string
  readonly client: string
  readonly viewnum: number
  readonly theme: 'system' | 'light' | 'dark'
  readonly startOnOpen: boolean
}

const viewServerRestart = 'The view server is not restarted: its history died with it, and by its rules a new one forms no view.'

export function commandList(facts: CommandFacts, query: string): PaletteCommand[] {
  const add = (group: PaletteCommand['group'], title: string, name: string, problem = '', more: { about?: PaletteCommand['about']; keys?: string } = {}): PaletteCommand => ({
    group, title, name, problem, keys: more.keys ?? keysOf(name), ...(more.about === undefined ? {} : { about: more.about }),
  })
  const sessionProblem = facts.hasSession ? '' : 'There is no session.'
  return [
    ...typed(facts, query),
    ...facts.processes.flatMap((process) => ofProcess(facts, process)),
    add('Cluster', 'New cluster…', 'new-cluster', facts.commandProblem),
    add('Cluster', 'End the session', 'end-session', facts.liveProblem),
    add('Time', 'Freeze time', 'freeze', facts.liveProblem || (facts.frozen ? 'Time is frozen already.' : ''), { keys: 'Space' }),
    add('Time', 'Thaw: let time run', 'thaw', facts.liveProblem || (facts.frozen ? '' : 'Time is not frozen.'), { keys: 'Space' }),
    add('Operations', 'Start the workload', 'start-workload', facts.liveProblem || (facts.workloadRuns ? 'The workload runs already.' : '')),
    add('Operations', 'Stop the workload', 'stop-workload', facts.liveProblem || (facts.workloadRuns ? '' : 'No workload runs.')),
    add('Operations', 'Workload settings…', 'workload-settings'),
    add('Go to', 'Newest event, and follow it', 'go-live', sessionProblem || (facts.follow ? 'It is followed already.' : ''), { keys: 'L' }),
    add('Go to', 'First event', 'first-event', sessionProblem),
    add('Go to', 'Next failure', 'next-failure', sessionProblem),
    add('Go to', 'Previous failure', 'previous-failure', sessionProblem),
    add('Go to', 'Next view', 'next-view', sessionProblem),
    add('Go to', 'Previous view', 'previous-view', sessionProblem),
    add('File', 'Open a recording…', 'open', facts.commandProblem),
    add('File', 'Save the recording (.jsonl)', 'save', facts.commandProblem || sessionProblem),
    add('File', 'Save the recording, packed (.jsonl.gz)', 'save-gzip', facts.commandProblem || sessionProblem),
    add('Window', 'Show the log', 'tab-log', sessionProblem),
    add('Window', 'Show operations', 'tab-operations', sessionProblem),
    add('Window', 'Show views', 'tab-views', sessionProblem),
    add('Window', 'Show plots', 'tab-plots', sessionProblem),
    add('Window', 'Search the log', 'search', sessionProblem),
    add('Window', 'Show or hide the inspector', 'inspector', sessionProblem),
    ...(['light', 'dark', 'system'] as const).map((theme) => add('Window', theme === 'system' ? 'Theme of the system' : `Theme: ${theme}`, 'theme', facts.theme === theme ? 'It is in use.' : '', { about: theme })),
    add('Window', 'Sizes of panels as at first', 'reset-layout'),
    add('Window', facts.startOnOpen ? 'Start no cluster when the lab opens' : 'Start a cluster when the lab opens', 'toggle-start'),
    add('Window', 'Keys', 'keys'),
  ]
}

function ofProcess(facts: CommandFacts, process: CommandFacts['processes'][number]): PaletteCommand[] {
  const { name, kind, role, life } = process
  const keys = (command: string): string => facts.selected === name ? keysOf(command) : ''
  const who = role === '' ? name : `${name}, ${role}`
  const pauseProblem = facts.canPause ? '' : 'Pausing a process is not possible on this system.'
  const add = (title: string, command: string, problem: string, key: string): PaletteCommand => ({ group: 'Cluster', title, name: command, about: name, problem: facts.liveProblem || problem, keys: keys(key) })
  if (life === 'none') return []
  if (life === 'dead' || life === 'failed') return [add(`Restart ${name}`, 'restart', kind === 'view-server' ? viewServerRestart : '', 'restart-selected')]
  return [
    add(`Kill ${who}`, 'kill', '', 'kill-selected'),
    life === 'paused' ? add(`Resume ${name}`, 'resume', '', 'pause-selected') : add(`Pause ${who}`, 'pause', pauseProblem, 'pause-selected'),
  ]
}

/** Commands that are typed rather than chosen: an operation, an event, a time, a view. */
function typed(facts: CommandFacts, query: string): PaletteCommand[] {
  const text = query.trim()
  const sessionProblem = facts.hasSession ? '' : 'There is no session.'
  const operation = parseOperation(text)
  if (operation !== undefined) {
    const problem = facts.liveProblem || (facts.client === '' ? 'There is no client.' : '')
    return [{ group: 'Operations', title: `Send ${operationText(operation)} from ${facts.client || 'a client'}`, name: 'invoke', about: operation, keys: '', problem }]
  }
  const event = /^#?\s?(\d{1,12})$/.exec(text)
  if (event) return [{ group: 'Go to', title: `Event #${event[1]}`, name: 'go-to', about: Number(event[1]), keys: '', problem: sessionProblem }]
  const time = /^(\d+(?:\.\d+)?)\s?s$/.exec(text)
  if (time) return [{ group: 'Go to', title: `${time[1]} s`, name: 'go-to-time', about: Number(time[1]), keys: '', problem: sessionProblem }]
  const view = /^view\s+(\d{1,9})$/i.exec(text)
  if (view) {
    const exists = Number(view[1]) >= 1 && Number(view[1]) <= facts.viewnum
    return [{ group: 'Go to', title: `View ${view[1]}`, name: 'go-to-view', about: Number(view[1]), keys: '', problem: sessionProblem || (exists ? '' : `There are ${facts.viewnum} views.`) }]
  }
  return []
}

/** Those that match what is typed: every word occurs, at the beginning of a word; a typed command matches itself. */
export function matching(commands: readonly PaletteCommand[], query: string): PaletteCommand[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const typedNames = ['invoke', 'go-to', 'go-to-time', 'go-to-view']
  return commands.filter((command) => {
    if (typedNames.includes(command.name)) return true
    const title = ` ${command.title.toLowerCase()} ${command.group.toLowerCase()}`
    return words.every((word) => title.includes(` ${word}`) || title.includes(`(${word}`) || title.includes(`.${word}`))
  })
}
