// The connection to the lab and its session: the status, every command, and the sentences that answer a person's acts.
// A command must never throw: a refusal goes to `refusal` and the status line. It must never store events (trace.ts does).
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { ActRequest, CallName, ClusterSettings, Gives, Lab, OperationRequest, ProgramChoice, SessionStatus, Takes, Workload } from '../../src/contract'
import { counted } from '../../src/trace'

export type Connection = 'connecting' | 'open' | 'reconnecting' | 'refused'

export const noStatus: SessionStatus = {
  session: 0, kind: 'none', title: '', reason: '', header: '', frozen: false, workload: null, scenario: null, recording: null, latest: 0,
}

/** A sentence in the status line; `key` increases, so that a repeated sentence is announced again. */
export interface Said {
  readonly key: number
  readonly text: string
  readonly kind: 'done' | 'refused'
}

export const useSessionStore = defineStore('session', () => {
  const connection = ref<Connection>('connecting')
  /** Why there is no connection, when `connection` is `refused`. */
  const connectionProblem = ref('')
  const status = shallowRef<SessionStatus>(noStatus)
  const about = shallowRef<Gives<'hello'> | null>(null)
  const lab = shallowRef<Lab | null>(null)
  /** The sentence of the last refusal; empty after a command that was performed. */
  const refusal = ref('')
  /** The window is starting its first cluster by itself. */
  const isOpening = ref(false)
  const said = shallowRef<Said>({ key: 0, text: '', kind: 'done' })

  const isLive = computed(() => status.value.kind === 'live')
  const canPause = computed(() => about.value?.canPause ?? true)

  /** Why no command is possible now; empty if commands are possible. */
  const commandProblem = computed(() => {
    if (connection.value === 'reconnecting') return 'Reconnecting to the lab.'
    if (connection.value !== 'open') return 'There is no connection to the lab.'
    return ''
  })
  /** Why no session can be changed or started now; empty if it can. For reading calls, check `commandProblem` instead. */
  const actProblem = computed(() => commandProblem.value || (about.value?.readOnly === true ? watchingSentence(about.value.lab) : ''))
  /** Why processes cannot be acted on now; empty if they can. */
  const liveProblem = computed(() => {
    if (actProblem.value !== '') return actProblem.value
    switch (status.value.kind) {
      case 'live': return ''
      case 'recorded': return 'This is a recording: it is read-only. Branch here (B) to act.'
      case 'starting': return 'The cluster is starting.'
      case 'ended': return 'The session has ended. Branch from an earlier moment (B) to act.'
      case 'none': return 'No cluster is running.'
    }
  })

  function say(text: string, kind: Said['kind'] = 'done'): void {
    said.value = { key: said.value.key + 1, text, kind }
  }

  /** Calls the lab. Undefined if it was refused, with the reason in `refusal` and the status line. `done`: the sentence shown on success. */
  async function call<Name extends CallName>(name: Name, takes: Takes<Name>, done = ''): Promise<Gives<Name> | undefined> {
    if (lab.value === null) return refuse(commandProblem.value || 'There is no connection to the lab.')
    try {
      const gives = await lab.value.call(name, takes)
      refusal.value = ''
      if (done !== '') say(done)
      return gives
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error))
    }
  }

  function refuse(sentence: string): undefined {
    refusal.value = sentence
    say(sentence, 'refused')
    return undefined
  }

  /** Keeps `about` as the lab would tell it after a start that succeeds. */
  async function remembered<Answer>(starting: Promise<Answer | undefined>, programs: readonly ProgramChoice[], settings?: ClusterSettings): Promise<Answer | undefined> {
    const gives = await starting
    if (gives && about.value) about.value = afterStart(about.value, programs, settings)
    return gives
  }

  const newCluster = (settings: ClusterSettings) => remembered(call('newCluster', settings,
    `A cluster runs: ${counted(settings.replicas, 'replica')}, ${counted(settings.clients, 'client')}.`), settings.programs, settings)
  const endSession = () => call('endSession', {}, 'The session ended; its recording is kept.')
  const branch = (seq: number) => call('branch', { session: status.value.session, seq },
    'A branch: its processes have the states of that moment, and the cluster is frozen. Thaw to go on (Space).')
  const rerun = () => call('rerun', { session: status.value.session },
    'Done again on processes: every step since the freeze, in the same order. The cluster is frozen.')
  /** Performs an act on the cluster; `done` describes it for a person. */
  const act = (request: ActRequest, done = '') => call('act', request, done)
  const kill = (node: string) => act({ type: 'kill', node }, `${node} was killed (SIGKILL).`)
  const pause = (node: string) => act({ type: 'pause', node }, `${node} is paused.`)
  const resume = (node: string) => act({ type: 'resume', node }, `${node} runs again.`)
  const restart = (node: string) => act({ type: 'restart', node }, `${node} was restarted with empty memory.`)
  const freeze = () => act({ type: 'freeze' }, 'Time is frozen: nothing is delivered and no timer fires.')
  const thaw = () => act({ type: 'thaw' }, 'Time runs again.')
  const invoke = (client: string, operation: OperationRequest, target: string) => act({ type: 'invoke', client, operation, target })
  const startWorkload = (plan: Workload) => act({ type: 'start-workload', plan }, 'The workload runs.')
  const stopWorkload = () => act({ type: 'stop-workload' }, 'The workload stopped.')
  const listScenarios = () => call('listScenarios', {})
  const checkScenario = (text: string) => call('checkScenario', { text })
  const checkPrograms = (programs: readonly ProgramChoice[]) => call('checkPrograms', { programs: [...programs] })
  const runScenario = (name: string, text = '', programs: readonly ProgramChoice[] = []) =>
    remembered(call('runScenario', { name, text, programs: [...programs] }, 'The scenario plays.'), programs)
  const steerScenario = (how: Takes<'steerScenario'>['act']) => call('steerScenario', { act: how }, steerTexts[how])

  return {
    connection, connectionProblem, status, about, lab, refusal, isOpening, said, isLive, canPause, commandProblem, actProblem, liveProblem,
    say, refuse, call, newCluster, endSession, branch, rerun, kill, pause, resume, restart, freeze, thaw, invoke, startWorkload, stopWorkload,
    act, listScenarios, checkScenario, checkPrograms, runScenario, steerScenario,
  }
})

const programsOffered = 12

/** The last settings and programs as the lab remembers them. */
function afterStart(about: Gives<'hello'>, ran: readonly ProgramChoice[], settings: ClusterSettings | undefined): Gives<'hello'> {
  const { lastSettings, programs } = about
  return {
    ...about, programs: { ...programs, last: [...ran, ...programs.last].slice(0, programsOffered) },
    lastSettings: settings ? { ...settings, title: '', seed: '', mutants: lastSettings.mutants } : lastSettings,
  }
}

/** The sentence for a window that may only watch. */
export function watchingSentence(lab: string): string {
  return `You are watching ${lab === '' ? 'this lab' : lab}. Only its own address can change it.`
}

const steerTexts: Readonly<Record<Takes<'steerScenario'>['act'], string>> = {
  pause: 'The scenario pauses before its next step.', step: 'The scenario does one step.', resume: 'The scenario goes on.',
  stop: 'The scenario is stopped; the cluster runs on.',
}
