// What every command does, whether it came by key, palette or button. Which exist and when they are refused is command-list.ts.
// A command that cannot be carried out now says why in the status line; it never does nothing in silence.
import { computed } from 'vue'
import type { OperationRequest } from '../../src/contract'
import { currentView, operationText } from '../../src/trace'
import { processFacts } from '../panels/cluster/processes'
import { useWorkloadForm } from '../panels/send/workload'
import { splits, useLayoutStore, type CentreTab, type Theme } from '../stores/layout'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useBackgroundWork } from './background-work'
import { commandList, type CommandFacts, type PaletteCommand } from './command-list'
import { openRecording, saveRecording } from './files'
import { focusOn, focusPanel, moveFocus } from './focus'
import { useOverlays } from './overlays'
import { isFailure, isViewChange, nearest, seqAtTime } from './travel'
import { useWorkbench } from './workbench'

type About = PaletteCommand['about']
type Acts = Readonly<Record<string, (about: About) => unknown>>

export interface Commands {
  run(name: string, about?: About): void
  list(query: string): PaletteCommand[]
  /** Opens a file, asking first if a running cluster would end. */
  openFile(file: File): void
  openNow(file: File): void
}

export function useCommands(page: { pickFile(): void }): Commands {
  const session = useSessionStore()
  const trace = useTraceStore()
  const layout = useLayoutStore()
  const files = fileActs(page)
  const acts: Acts = { ...sessionActs(), ...operationActs(), ...travelActs(), ...windowActs(), ...files.acts }
  const processes = computed(() => { void trace.version; return processFacts(trace.tail) })

  const facts = (): CommandFacts => ({
    liveProblem: session.liveProblem, commandProblem: session.commandProblem, canPause: session.canPause, frozen: session.status.frozen,
    hasSession: trace.header !== null, follow: trace.follow, workloadRuns: session.status.workload !== null,
    processes: processes.value, selected: trace.selection?.type === 'node' ? trace.selection.node : '', client: clientsOf(trace)[0] ?? '',
    viewnum: trace.tail === null ? 0 : currentView(trace.tail)?.view.viewnum ?? 0, theme: layout.theme, startOnOpen: layout.startOnOpen,
  })

  return {
    run: (name, about) => void acts[name]?.(about),
    list: (query) => commandList(facts(), query),
    openFile: (file) => files.openFile(file),
    openNow: (file) => files.openNow(file),
  }
}

function clientsOf(trace: ReturnType<typeof useTraceStore>): string[] {
  return trace.header?.nodes.filter((node) => node.kind === 'client').map((node) => node.name) ?? []
}

const nameOf = (about: About): string => typeof about === 'string' ? about : ''

function sessionActs(): Acts {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()

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
    'new-cluster': () => session.commandProblem === '' ? overlays.open('new-cluster') : session.refuse(session.commandProblem),
    'end-session': () => session.endSession(),
    'kill': (about) => session.kill(nameOf(about)),
    'pause': (about) => session.pause(nameOf(about)),
    'resume': (about) => session.resume(nameOf(about)),
    'restart': (about) => session.restart(nameOf(about)),
    'kill-selected': () => onSelected('kill'),
    'pause-selected': () => onSelected('pause'),
    'restart-selected': () => onSelected('restart'),
    'freeze': () => session.freeze(),
    'thaw': () => session.thaw(),
    'freeze-or-thaw': () => {
      if (session.liveProblem !== '') return session.refuse(session.liveProblem)
      return session.status.frozen ? session.thaw() : session.freeze()
    },
  }
}

function operationActs(): Acts {
  const session = useSessionStore()
  const trace = useTraceStore()
  const workload = useWorkloadForm()
  const overlays = useOverlays()

  async function send(operation: OperationRequest): Promise<void> {
    const client = clientsOf(trace)[0]
    if (client !== undefined && await session.invoke(client, operation, '')) session.say(`${client} sends ${operationText(operation)}.`)
  }

  return {
    'invoke': (about) => typeof about === 'object' ? send(about) : undefined,
    'start-workload': () => session.startWorkload(workload.request(clientsOf(trace))),
    'stop-workload': () => session.stopWorkload(),
    'workload-settings': () => overlays.open('workload'),
  }
}

function travelActs(): Acts {
  const session = useSessionStore()
  const trace = useTraceStore()

  /** Time travel moves the inspector along, as a click on that event would. */
  function select(seq: number): void {
    if (trace.latest > 0) trace.select({ type: 'event', seq: Math.max(1, Math.min(trace.latest, seq)) })
  }

  function find(by: 1 | -1, passes: typeof isFailure, what: string): void {
    const seq = nearest(trace.events, trace.position, by, passes)
    if (seq === undefined) session.say(`There is no ${by === 1 ? 'later' : 'earlier'} ${what}.`, 'refused')
    else select(seq)
  }

  function goToView(viewnum: number): void {
    const view = trace.tail?.views.find((found) => found.view.viewnum === viewnum)
    if (view) select(view.seq)
  }

  return {
    'go-live': () => trace.goLive(),
    'first-event': () => select(1),
    'previous-event': () => select(trace.position - 1),
    'next-event': () => select(trace.position + 1),
    'previous-failure': () => find(-1, isFailure, 'failure'),
    'next-failure': () => find(1, isFailure, 'failure'),
    'previous-view': () => find(-1, isViewChange, 'view'),
    'next-view': () => find(1, isViewChange, 'view'),
    'go-to': (about) => select(Number(about)),
    'go-to-time': (about) => trace.goTo(seqAtTime(trace.events, Number(about) * 1_000_000)),
    'go-to-view': (about) => goToView(Number(about)),
  }
}

function windowActs(): Acts {
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  const overlays = useOverlays()

  function showTab(tab: CentreTab, selector = '[role="grid"][tabindex="0"]'): void {
    // Where the log has its own place, choosing it leaves the other tab as it is.
    const hasOwnPlace = tab === 'log' && document.querySelector('[data-panel="log"]') !== null
    if (!hasOwnPlace) layout.tab = tab
    workbench.single = tab
    // Into its rows and not onto its tab, where arrows would mean tabs.
    const place = hasOwnPlace ? '[data-panel="log"]' : '#centre-panel'
    focusOn([place, '#single-panel'].map((panel) => `${panel} ${selector}`).join(', '))
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
    'search': () => showTab('log', 'input[type="search"]'),
    'tab-log': () => showTab('log'),
    'tab-operations': () => showTab('operations'),
    'tab-views': () => showTab('views'),
    'tab-plots': () => showTab('plots'),
    'inspector': inspector,
    'close-drawers': () => workbench.closeDrawers(),
    'theme': (about) => { layout.theme = about as Theme },
    'reset-layout': () => splits.forEach((split) => layout.resetSize(split)),
    'toggle-start': () => { layout.startOnOpen = !layout.startOnOpen },
    'next-panel': () => moveFocus(1),
    'previous-panel': () => moveFocus(-1),
  }
}

function fileActs(page: { pickFile(): void }): { readonly acts: Acts; openFile(file: File): void; openNow(file: File): void } {
  const session = useSessionStore()
  const trace = useTraceStore()
  const overlays = useOverlays()
  const work = useBackgroundWork()

  function openFile(file: File): void {
    if (session.commandProblem !== '') return session.refuse(session.commandProblem)
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

  const acts: Acts = {
    'open': () => session.commandProblem === '' ? page.pickFile() : session.refuse(session.commandProblem),
    'save': () => save(false),
    'save-gzip': () => save(true),
  }
  return { acts, openFile, openNow }
}
