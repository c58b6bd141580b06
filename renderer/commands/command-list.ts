// Every command of the palette, as a list computed from the current facts. Pure: commands.ts runs a command by its name.
// It must never hide a command that is refused now: it stays in the list with its reason.
import type { OperationRequest, ScenarioStatus } from '../../src/contract'
import { exporters, exportFormats } from '../../src/export'
import { refusals } from '../../src/network'
import type { NodeKind } from '../../src/protocol'
import { operationText, type FrozenTimer, type Life } from '../../src/trace'
import { steerProblem } from '../panels/scenario/scenario-steps'
import { parseOperation } from '../panels/send/send'
import { speeds } from '../playback/pacing'
import type { CommandName } from '../words/command-names'
import { keysOf } from '../words/keys'

export interface PaletteCommand {
  readonly group: 'Cluster' | 'Network' | 'Time' | 'Inboxes' | 'Scenario' | 'Operations' | 'Go to' | 'Diagram' | 'File' | 'Window'
  readonly title: string
  /** The name of the command in commands.ts; `about` is its argument. */
  readonly name: CommandName
  readonly about?: string | number | OperationRequest
  /** The keys as text; empty without keys. */
  readonly keys: string
  /** Why it is refused now; '' if it is not. */
  readonly problem: string
}

export interface CommandFacts {
  /** Why no act on the live session is possible now; '' if it is. */
  readonly liveProblem: string
  /** Why no branch from the event at the cursor is possible; '' if it is. */
  readonly branchProblem: string
  /** Why no exploration from there is possible; `rerunProblem`: why the session cannot be run again on processes; '' if it is possible. */
  readonly exploreProblem: string
  readonly rerunProblem: string
  /** Why no call to the lab is possible; '' if it is. */
  readonly commandProblem: string
  /** Why no session can be changed or started; '' if it can. */
  readonly actProblem: string
  readonly canPause: boolean
  readonly frozen: boolean
  readonly hasSession: boolean
  readonly follow: boolean
  /** Why play is not possible now; '' if it is. */
  readonly playProblem: string
  readonly isPlaying: boolean
  readonly isSearching: boolean
  readonly isCompared: boolean
  /** Why the session cannot be compared with its parent; '' if it can. */
  readonly parentProblem: string
  readonly workloadRuns: boolean
  /** In the order of panels; `role` as words: "the primary", "a backup", "idle", "dead". */
  readonly processes: readonly { readonly name: string; readonly kind: NodeKind; readonly role: string; readonly life: Life }[]
  readonly selected: string
  readonly client: string
  readonly viewnum: number
  readonly theme: 'system' | 'light' | 'dark'
  readonly startOnOpen: boolean
  readonly scenario: ScenarioStatus['state'] | undefined
  /** Why no message or timer can be acted on now; '' if it can. */
  readonly inboxProblem: string
  /** Number of messages in the inboxes; `isSelected`: one of them is selected. */
  readonly messages: number
  readonly isSelected: boolean
  readonly timers: readonly Pick<FrozenTimer, 'node' | 'name'>[]
  /** Number of faults, on or off. */
  readonly faults: number
}

/** Most timers that get a command each; the inboxes list all of them. */
const timersMax = 40

const viewServerRestart = refusals.viewServerRestart().message

export function commandList(facts: CommandFacts, query: string): PaletteCommand[] {
  const add = (group: PaletteCommand['group'], title: string, name: CommandName, problem = '', more: { about?: PaletteCommand['about']; keys?: string } = {}): PaletteCommand => ({
    group, title, name, problem, keys: more.keys ?? keysOf(name), ...(more.about === undefined ? {} : { about: more.about }),
  })
  const sessionProblem = facts.hasSession ? '' : 'There is no session.'
  return [
    ...typed(facts, query),
    ...facts.processes.flatMap((process) => ofProcess(facts, process)),
    add('Cluster', 'New cluster…', 'new-cluster', facts.actProblem),
    add('Cluster', 'Break a rule: a new cluster…', 'new-cluster', facts.actProblem, { keys: '' }),
    add('Cluster', 'End the session', 'end-session', facts.liveProblem),
    add('Time', 'Freeze time', 'freeze', facts.liveProblem || (facts.frozen ? 'Time is frozen already.' : ''), { keys: 'Space' }),
    add('Time', 'Thaw: let time run', 'thaw', facts.liveProblem || (facts.frozen ? '' : 'Time is not frozen.'), { keys: 'Space' }),
    add('Time', 'Branch here: a live session from this moment', 'branch', facts.branchProblem),
    add('Time', 'Explore every order from here…', 'explore-here', facts.exploreProblem),
    add('Cluster', 'Explore every order from a new cluster…', 'explore-new', facts.actProblem),
    add('Time', 'Run again on processes, from the freeze on', 'rerun', facts.rerunProblem),
    ...ofPlay(facts),
    ...ofNetwork(facts),
    ...ofInboxes(facts),
    ...ofScenario(facts),
    add('Operations', 'Start the workload', 'start-workload', facts.liveProblem || (facts.workloadRuns ? 'The workload runs already.' : '')),
    add('Operations', 'Stop the workload', 'stop-workload', facts.liveProblem || (facts.workloadRuns ? '' : 'No workload runs.')),
    add('Operations', 'Workload settings…', 'workload-settings'),
    add('Go to', 'Newest event, and follow it', 'go-live', sessionProblem || (facts.follow ? 'It is followed already.' : ''), { keys: 'L' }),
    add('Go to', 'First event', 'first-event', sessionProblem),
    ...ofTravel(facts, sessionProblem),
    ...ofDiagram(sessionProblem),
    add('File', 'Open a recording…', 'open', facts.actProblem),
    add('File', 'Save the recording (.jsonl)', 'save', facts.commandProblem || sessionProblem),
    add('File', 'Save the recording, packed (.jsonl.gz)', 'save-gzip', facts.commandProblem || sessionProblem),
    ...ofExport(facts.commandProblem || sessionProblem),
    add('File', 'Compare with a recording…', 'compare', sessionProblem),
    add('File', 'Compare with the recording that this branched from', 'compare-parent', facts.parentProblem),
    add('Window', 'Show the log', 'tab-log', sessionProblem),
    add('Window', 'Show operations', 'tab-operations', sessionProblem),
    add('Window', 'Show views', 'tab-views', sessionProblem),
    add('Window', 'Show plots', 'tab-plots', sessionProblem),
    add('Window', 'Show the inboxes', 'tab-inboxes', sessionProblem),
    add('Window', 'Show the scenario', 'tab-scenario', sessionProblem),
    add('Window', 'Show the watch', 'tab-watch', sessionProblem),
    add('Window', 'Show the comparison', 'tab-compare', sessionProblem),
    add('Window', 'Show the rules', 'tab-rules', sessionProblem),
    add('Window', 'Show the history', 'tab-history', sessionProblem),
    add('Window', 'Search the log', 'search', sessionProblem),
    add('Window', 'Show or hide the inspector', 'inspector', sessionProblem),
    ...(['light', 'dark', 'system'] as const).map((theme) => add('Window', theme === 'system' ? 'Theme of the system' : `Theme: ${theme}`, 'theme', facts.theme === theme ? 'It is in use.' : '', { about: theme })),
    add('Window', 'Sizes of panels as at first', 'reset-layout'),
    add('Window', facts.startOnOpen ? 'Start no cluster when the lab opens' : 'Start a cluster when the lab opens', 'toggle-start'),
    add('Window', 'Keys', 'keys'),
    add('Window', 'Licences of all that is built in', 'licences'),
  ]
}

function ofExport(problem: string): PaletteCommand[] {
  return [
    { group: 'File', title: 'Export…', name: 'export', keys: keysOf('export'), problem },
    ...exportFormats.map((format): PaletteCommand => ({ group: 'File', title: `Export as ${exporters[format].title}…`, name: 'export', about: format, keys: '', problem })),
  ]
}

function ofProcess(facts: CommandFacts, process: CommandFacts['processes'][number]): PaletteCommand[] {
  const { name, kind, role, life } = process
  const keys = (command: CommandName): string => facts.selected === name ? keysOf(command) : ''
  const who = role === '' ? name : `${name}, ${role}`
  const pauseProblem = facts.canPause ? '' : 'Pausing a process is not possible on this system.'
  const add = (title: string, command: CommandName, problem: string, key: CommandName): PaletteCommand => ({ group: 'Cluster', title, name: command, about: name, problem: facts.liveProblem || problem, keys: keys(key) })
  if (life === 'none') return []
  if (life === 'dead' || life === 'failed') return [add(`Restart ${name}`, 'restart', kind === 'view-server' ? viewServerRestart : '', 'restart-selected')]
  return [
    add(`Kill ${who}`, 'kill', '', 'kill-selected'),
    life === 'paused' ? add(`Resume ${name}`, 'resume', '', 'pause-selected') : add(`Pause ${who}`, 'pause', pauseProblem, 'pause-selected'),
  ]
}

function ofTravel(facts: CommandFacts, sessionProblem: string): PaletteCommand[] {
  const add = (title: string, name: CommandName, problem = sessionProblem): PaletteCommand => ({ group: 'Go to', title, name, problem, keys: keysOf(name) })
  const searchProblem = sessionProblem || (facts.isSearching ? '' : 'There is no search.')
  const compareProblem = sessionProblem || (facts.isCompared ? '' : 'Nothing is compared.')
  return [
    ...(['message', 'view', 'failure', 'kill', 'violation'] as const).flatMap((what) => [add(`Next ${what}`, `next-${what}`), add(`Previous ${what}`, `previous-${what}`)]),
    add('Next match of the search', 'next-match', searchProblem),
    add('Previous match of the search', 'previous-match', searchProblem),
    add('Next difference', 'next-difference', compareProblem),
    add('Previous difference', 'previous-difference', compareProblem),
  ]
}

function ofPlay({ playProblem, isPlaying }: CommandFacts): PaletteCommand[] {
  return [
    { group: 'Time', title: isPlaying ? 'Stop playing' : 'Play from here', name: 'play', keys: 'Space', problem: isPlaying ? '' : playProblem },
    ...speeds.map((speed): PaletteCommand => ({ group: 'Time', title: `Play at ${speed} times the speed`, name: 'speed', about: speed, keys: '', problem: '' })),
  ]
}

function ofNetwork({ liveProblem, faults }: CommandFacts): PaletteCommand[] {
  const add = (title: string, name: CommandName, problem = liveProblem): PaletteCommand => ({ group: 'Network', title, name, problem, keys: keysOf(name) })
  return [
    add('Add a fault…', 'add-fault'), add('Cut a link…', 'cut'), add('Isolate nodes…', 'isolate'), add('Partition…', 'partition'),
    add('Unreliable mode', 'unreliable'), add('Mend all', 'mend-all', liveProblem || (faults > 0 ? '' : 'There is no fault to mend.')),
    add('Freeze when…', 'freeze-when'),
  ]
}

function ofDiagram(problem: string): PaletteCommand[] {
  const add = (title: string, name: CommandName, about?: string): PaletteCommand => ({ group: 'Diagram', title, name, problem, keys: keysOf(name), ...(about ? { about } : {}) })
  return [
    add('Show the whole session', 'fit'), add('Zoom in', 'zoom-in'), add('Zoom out', 'zoom-out'),
    add('Heartbeats one by one, or folded', 'heartbeats'), add('Measure between two events', 'measure'),
    add('Axis: cluster time', 'axis', 'real'), add('Axis: one step for each event', 'axis', 'logical'),
    add('To the cause of the selected event', 'cause'), add('To its effect', 'effect'),
  ]
}

function ofInboxes({ inboxProblem, messages, isSelected, timers, frozen }: CommandFacts): PaletteCommand[] {
  const nothing = messages > 0 ? '' : frozen ? 'No message is in flight.' : 'Time runs: only late and held messages wait.'
  const ofSelected = inboxProblem || nothing || (isSelected ? '' : 'No message is selected.')
  const add = (title: string, name: CommandName, problem: string): PaletteCommand => ({ group: 'Inboxes', title, name, problem, keys: keysOf(name) })
  return [
    add('Deliver the selected message', 'deliver-selected', ofSelected),
    add('Deliver the next message in line', 'deliver-next', inboxProblem || nothing),
    add('Drop the selected message', 'drop-selected', ofSelected),
    add('Duplicate the selected message', 'duplicate-selected', ofSelected),
    ...timers.slice(0, timersMax).map(({ node, name }) => ({ ...add(`Fire ${name} of ${node}`, 'fire', inboxProblem), about: `${node} ${name}` })),
  ]
}

function ofScenario({ scenario, liveProblem, actProblem }: CommandFacts): PaletteCommand[] {
  const add = (title: string, name: CommandName, problem: string): PaletteCommand => ({ group: 'Scenario', title, name, problem, keys: keysOf(name) })
  return [
    add('Run a scenario…', 'run-scenario', actProblem),
    add('Pause the scenario before its next step', 'scenario-pause', steerProblem('pause', scenario, liveProblem)),
    add('One step of the scenario', 'scenario-step', steerProblem('step', scenario, liveProblem)),
    add('Go on with the scenario', 'scenario-resume', steerProblem('resume', scenario, liveProblem)),
    add('Stop the scenario', 'scenario-stop', steerProblem('stop', scenario, liveProblem)),
  ]
}

/** Commands from typed text instead of the list: an operation, an event, a time, a view. */
function typed(facts: CommandFacts, query: string): PaletteCommand[] {
  const text = query.trim()
  const sessionProblem = facts.hasSession ? '' : 'There is no session.'
  const operation = parseOperation(text)
  if (operation !== undefined) {
    const problem = facts.liveProblem || (facts.client === '' ? 'There is no client.' : '')
    return [{ group: 'Operations', title: `Send ${operationText(operation)} from ${facts.client || 'a client'}`, name: 'invoke', about: operation, keys: '', problem }]
  }
  const place = text.replace(/^go\s+to\s+(?:time\s+|event\s+)?/i, '')
  const event = /^#?\s?(\d{1,12})$/.exec(place)
  if (event) return [{ group: 'Go to', title: `Event #${event[1]}`, name: 'go-to', about: Number(event[1]), keys: '', problem: sessionProblem }]
  const time = /^(\d+(?:\.\d+)?)\s?s$/.exec(place)
  if (time) return [{ group: 'Go to', title: `${time[1]} s`, name: 'go-to-time', about: Number(time[1]), keys: '', problem: sessionProblem }]
  const view = /^view\s+(\d{1,9})$/i.exec(place)
  if (view) {
    const exists = Number(view[1]) >= 1 && Number(view[1]) <= facts.viewnum
    return [{ group: 'Go to', title: `View ${view[1]}`, name: 'go-to-view', about: Number(view[1]), keys: '', problem: sessionProblem || (exists ? '' : `There are ${facts.viewnum} views.`) }]
  }
  return []
}

/** The commands that match the typed text: every typed word is the beginning of a word. A typed command always matches. */
export function matching(commands: readonly PaletteCommand[], query: string): PaletteCommand[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const typedNames = ['invoke', 'go-to', 'go-to-time', 'go-to-view']
  return commands.filter((command) => {
    if (typedNames.includes(command.name)) return true
    const title = ` ${command.title.toLowerCase()} ${command.group.toLowerCase()}`
    return words.every((word) => title.includes(` ${word}`) || title.includes(`(${word}`) || title.includes(`.${word}`))
  })
}
