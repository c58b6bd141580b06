// Performs every command, from a key, the palette or a button. command-list.ts lists the commands and says when they are refused.
// A command must never fail silently: if it cannot be performed, the status line says why.
import { computed } from 'vue'
import type { OperationRequest } from '../../src/contract'
import { isExportFormat } from '../../src/export'
import { currentView, operationText } from '../../src/trace'
import { processFacts } from '../panels/cluster/processes'
import { useComparison } from '../panels/compare/comparison'
import { useComparePicker } from '../panels/compare/picker'
import { useDiagram } from '../panels/diagram/diagram'
import type { Axis } from '../panels/diagram/model/places'
import { useInboxActs } from '../panels/inboxes/acts'
import { useInboxes } from '../panels/inboxes/inboxes'
import { useNetwork } from '../panels/network/network'
import { useWorkloadForm } from '../panels/send/workload'
import { speeds } from '../playback/pacing'
import { splits, useLayoutStore, type CentreTab, type Theme } from '../stores/layout'
import { usePlaybackStore } from '../stores/playback'
import { useSearchStore } from '../stores/search'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useBackgroundWork } from '../acts/background-work'
import { useBranch } from '../acts/branch'
import { commandList, type CommandFacts, type PaletteCommand } from './command-list'
import { useExplore } from '../acts/explore'
import { openRecording, saveRecording } from '../acts/files'
import { focusOn, focusPanel, moveFocus } from './focus'
import { useOverlays } from '../stores/overlays'
import { travelUnits, type CommandName, type TravelUnit } from '../words/command-names'
import { useTravel } from '../acts/travel-acts'
import { useWorkbench } from '../stores/workbench'

type About = PaletteCommand['about']
/** An act for each name; one that is missing does not compile. */
type Acts = Readonly<Record<CommandName, (about: About) => unknown>>

export interface Commands {
  run(name: CommandName, about?: About): void
  list(query: string): PaletteCommand[]
  /** Opens a file; asks first if a running cluster would end. */
  openFile(file: File): void
  openNow(file: File): void
}

export function useCommands(page: { pickFile(): void }): Commands {
  const session = useSessionStore()
  const trace = useTraceStore()
  const layout = useLayoutStore()
  const playback = usePlaybackStore()
  const search = useSearchStore()
  const files = fileActs(page)
  const acts: Acts = {
    ...sessionActs(), ...operationActs(), ...inboxActs(), ...networkActs(), ...scenarioActs(), ...travelActs(), ...diagramActs(), ...compareActs(), ...windowActs(),
    ...files.acts,
  }
  const inboxes = useInboxes()
  const network = useNetwork()
  const branch = useBranch()
  const explore = useExplore()
  const comparison = useComparison()
  const processes = computed(() => { void trace.version; return processFacts(trace.tail) })

  const facts = (): CommandFacts => ({
    liveProblem: session.liveProblem, commandProblem: session.commandProblem, actProblem: session.actProblem, branchProblem: branch.problem,
    exploreProblem: explore.hereProblem, rerunProblem: explore.rerunProblem, canPause: session.canPause, frozen: session.status.frozen,
    hasSession: trace.header !== null, follow: trace.follow, playProblem: playback.problem, isPlaying: playback.isPlaying, isSearching: search.query !== null,
    isCompared: comparison.compared !== null, parentProblem: comparison.parentProblem,
    workloadRuns: session.status.workload !== null,
    processes: processes.value, selected: trace.selection?.type === 'node' ? trace.selection.node : '', client: clientsOf(trace)[0] ?? '',
    viewnum: trace.tail === null ? 0 : currentView(trace.tail)?.view.viewnum ?? 0, theme: layout.theme, startOnOpen: layout.startOnOpen,
    scenario: session.status.scenario?.state, faults: network.taken.size,
    inboxProblem: inboxes.problem, messages: inboxes.messages.length, isSelected: inboxes.current >= 0, timers: inboxes.timers,
  })

  return {
    run: (name, about) => void acts[name](about),
    list: (query) => commandList(facts(), query),
    openFile: (file) => files.openFile(file),
    openNow: (file) => files.openNow(file),
  }
}

function clientsOf(trace: ReturnType<typeof useTraceStore>): string[] {
  return trace.header?.nodes.filter((node) => node.kind === 'client').map((node) => node.name) ?? []
}

const nameOf = (about: About): string => typeof about === 'string' ? about : ''

function sessionActs() {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()
  const branch = useBranch()
  const explore = useExplore()
  const playback = usePlaybackStore()

  /** Acts on the selected process, as its buttons do. */
  function onSelected(act: 'kill' | 'pause' | 'restart'): unknown {
    const selected = trace.selection?.type === 'node' ? trace.selection.node : ''
    const node = trace.tail?.nodes.get(selected)
    if (session.liveProblem !== '') return session.refuse(session.liveProblem)
    if (node === undefined) return session.refuse('Select a process first: click it in the cluster panel, or use Up and Down there.')
    if (act === 'pause') return node.life === 'paused' ? session.resume(node.name) : session.pause(node.name)
    return session[act](node.name)
  }

  return {
    'new-cluster': () => session.actProblem === '' ? overlays.open('new-cluster') : session.refuse(session.actProblem),
    'end-session': () => session.endSession(),
    'branch': () => branch.here(),
    'explore-here': () => explore.fromHere(),
    'explore-new': () => explore.fromNew(),
    'rerun': () => explore.rerun(),
    'kill': (about: About) => session.kill(nameOf(about)),
    'pause': (about: About) => session.pause(nameOf(about)),
    'resume': (about: About) => session.resume(nameOf(about)),
    'restart': (about: About) => session.restart(nameOf(about)),
    'kill-selected': () => onSelected('kill'),
    'pause-selected': () => onSelected('pause'),
    'restart-selected': () => onSelected('restart'),
    'freeze': () => session.freeze(),
    'thaw': () => session.thaw(),
    'space': () => {
      // Space plays in a recording and in a live session's past, where there is nothing to freeze.
      if (playback.problem === '' && (!session.isLive || !trace.follow)) return playback.toggle()
      if (session.liveProblem !== '') return session.refuse(session.liveProblem)
      return session.status.frozen ? session.thaw() : session.freeze()
    },
  }
}

function operationActs() {
  const session = useSessionStore()
  const trace = useTraceStore()
  const workload = useWorkloadForm()
  const overlays = useOverlays()

  async function send(operation: OperationRequest): Promise<void> {
    const client = clientsOf(trace)[0]
    if (client !== undefined && await session.invoke(client, operation, '')) session.say(`${client} sends ${operationText(operation)}.`)
  }

  return {
    'invoke': (about: About) => typeof about === 'object' ? send(about) : undefined,
    'start-workload': () => session.startWorkload(workload.request(clientsOf(trace))),
    'stop-workload': () => session.stopWorkload(),
    'workload-settings': () => overlays.open('workload'),
  }
}

function networkActs() {
  const session = useSessionStore()
  const overlays = useOverlays()
  const network = useNetwork()
  const open = (act: () => void) => () => session.liveProblem === '' ? act() : session.refuse(session.liveProblem)

  return {
    'add-fault': open(() => overlays.openFault('drop')),
    'cut': open(() => overlays.openFault('cut')),
    'isolate': open(() => overlays.openFault('isolate')),
    'partition': open(() => overlays.openFault('partition')),
    'unreliable': () => network.toggleUnreliable(),
    'mend-all': () => network.mendAll(),
    'freeze-when': open(() => overlays.open('break')),
  }
}

function inboxActs() {
  const acts = useInboxActs()
  const inboxes = useInboxes()
  const layout = useLayoutStore()

  /** Moves the selection from anywhere in the window; a list with the focus handles its arrow keys itself. */
  function move(by: 1 | -1): void {
    if (layout.tab === 'inboxes' && inboxes.messages.length > 0) inboxes.select(Math.max(0, Math.min(inboxes.messages.length - 1, inboxes.current + by)))
  }

  return {
    'deliver-selected': () => acts.deliver(),
    'deliver-next': () => acts.deliverNext(),
    'deliver-step': () => acts.step(),
    'drop-selected': () => acts.drop(),
    'duplicate-selected': () => acts.duplicate(),
    'previous-waiting': () => move(-1),
    'next-waiting': () => move(1),
    'fire': (about: About) => {
      // `about` is "NODE TIMER"; a node's name contains no space.
      const [node = '', ...name] = nameOf(about).split(' ')
      return acts.fire({ node, name: name.join(' ') })
    },
  }
}

function scenarioActs() {
  const session = useSessionStore()
  const overlays = useOverlays()
  const steer = (act: 'pause' | 'step' | 'resume' | 'stop') => (): unknown => session.steerScenario(act)
  return {
    'run-scenario': () => session.actProblem === '' ? overlays.open('scenarios') : session.refuse(session.actProblem),
    'scenario-pause': steer('pause'), 'scenario-step': steer('step'), 'scenario-resume': steer('resume'), 'scenario-stop': steer('stop'),
  }
}

function travelActs() {
  const trace = useTraceStore()
  const travel = useTravel()
  const playback = usePlaybackStore()

  function goToView(viewnum: number): void {
    const view = trace.tail?.views.find((found) => found.view.viewnum === viewnum)
    if (view) travel.select(view.seq)
  }

  const bothWays = travelUnits.flatMap((unit) => [
    [`previous-${unit}`, () => travel.step(unit, -1)],
    [`next-${unit}`, () => travel.step(unit, 1)],
  ] as const)
  return {
    ...Object.fromEntries(bothWays) as Record<`${'previous' | 'next'}-${TravelUnit}`, () => void>,
    'go-live': () => trace.goLive(),
    'first-event': () => travel.select(1),
    'next-kill': () => travel.kill(1),
    'previous-kill': () => travel.kill(-1),
    'next-violation': () => travel.violation(1),
    'previous-violation': () => travel.violation(-1),
    'next-match': () => travel.match(1),
    'previous-match': () => travel.match(-1),
    'play': () => playback.toggle(),
    'speed': (about: About) => { playback.speed = speeds.find((speed) => speed === Number(about)) ?? 1 },
    'go-to': (about: About) => travel.select(Number(about)),
    'go-to-time': (about: About) => trace.goTo(trace.seqAtTime(Number(about) * 1_000_000)),
    'go-to-view': (about: About) => goToView(Number(about)),
  }
}

function diagramActs() {
  const session = useSessionStore()
  const diagram = useDiagram()
  const walk = (by: 1 | -1): void => {
    if (!diagram.walk(by)) session.say(by === 1 ? 'Nothing that is known came of this event.' : 'Nothing that is known caused this event.', 'refused')
  }
  return {
    'heartbeats': () => diagram.toggleHeartbeats(),
    'measure': () => diagram.toggleMeasure(),
    'zoom-in': () => diagram.zoomByKey(1),
    'zoom-out': () => diagram.zoomByKey(-1),
    'fit': () => diagram.fitAll(),
    'pan-left': () => diagram.panByKey(-1),
    'pan-right': () => diagram.panByKey(1),
    'cause': () => walk(-1),
    'effect': () => walk(1),
    'axis': (about: About) => diagram.setAxis(about as Axis),
  }
}

function compareActs() {
  const comparison = useComparison()
  const picker = useComparePicker()
  return {
    'compare': () => picker.pick(),
    'compare-parent': () => comparison.withParent(),
    'next-difference': () => comparison.step(1),
    'previous-difference': () => comparison.step(-1),
  }
}

function windowActs() {
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  const overlays = useOverlays()

  function showTab(tab: CentreTab, selector = '[role="grid"][tabindex="0"]'): void {
    layout.tab = tab
    workbench.single = tab
    // Focuses the rows and not the tab, because arrow keys on a tab change tabs.
    focusOn(['#centre-panel', '#single-panel'].map((panel) => `${panel} ${selector}`).join(', '))
  }

  function inspector(): void {
    if (window.innerWidth >= 1180) layout.inspectorOpen = !layout.inspectorOpen
    else workbench.inspectorDrawer = !workbench.inspectorDrawer
    workbench.single = 'inspector'
    if (workbench.inspectorDrawer) focusPanel('inspector')
  }

  return {
    'palette': () => overlays.open('palette'),
    'keys': () => overlays.open('keys'),
    'licences': () => overlays.open('licences'),
    'search': () => showTab('log', '[data-search]'),
    'tab-log': () => showTab('log'),
    'tab-operations': () => showTab('operations'),
    'tab-views': () => showTab('views'),
    'tab-plots': () => showTab('plots'),
    'tab-inboxes': () => showTab('inboxes'),
    'tab-scenario': () => showTab('scenario'),
    'tab-watch': () => showTab('watch', 'input'),
    'tab-compare': () => showTab('compare', '[role="grid"][tabindex="0"], [data-test="compare-pick"]'),
    'tab-rules': () => showTab('rules', '[aria-label="Rules"][tabindex="0"]'),
    'tab-history': () => showTab('history'),
    'inspector': inspector,
    'close-drawers': () => workbench.closeDrawers(),
    'theme': (about: About) => { layout.theme = about as Theme },
    'reset-layout': () => splits.forEach((split) => layout.resetSize(split)),
    'toggle-start': () => { layout.startOnOpen = !layout.startOnOpen },
    'next-panel': () => moveFocus(1),
    'previous-panel': () => moveFocus(-1),
  }
}

function fileActs(page: { pickFile(): void }) {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()
  const work = useBackgroundWork()

  function openFile(file: File): void {
    if (session.actProblem !== '') return session.refuse(session.actProblem)
    if (!session.isLive) return openNow(file)
    overlays.fileToOpen = file
    overlays.open('confirm-open')
  }

  function openNow(file: File): void {
    void work.run(`Opening ${file.name}`, (progress) => openRecording(file, progress))
  }

  function save(gzip: boolean): void {
    if (trace.header === null) return session.refuse('There is no session to save.')
    void work.run('Saving the recording', (progress) => saveRecording(gzip, progress))
  }

  const acts = {
    'open': () => session.actProblem === '' ? page.pickFile() : session.refuse(session.actProblem),
    'save': () => save(false),
    'save-gzip': () => save(true),
    'export': (about: About) => {
      const problem = session.commandProblem || (trace.header === null ? 'There is no session to export.' : '')
      if (problem !== '') return session.refuse(problem)
      return overlays.openExport(typeof about === 'string' && isExportFormat(about) ? about : undefined)
    },
  }
  return { acts, openFile, openNow }
}
