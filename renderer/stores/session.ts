// The connection to the lab and the session behind it: its status, every command, and the sentences that answer a person's acts.
// A command never throws: a refusal becomes `refusal` and the status line. It must not keep events (trace.ts does).
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CallName, ClusterSettings, Gives, Lab, OperationRequest, SessionStatus, Takes, Workload } from '../../src/contract'
import type { NetworkAct } from '../../src/network'
import { counted } from '../../src/trace'

export type Connection = 'connecting' | 'open' | 'reconnecting' | 'refused'

export const noStatus: SessionStatus = {
  session: 0, kind: 'none', title: '', reason: '', header: '', frozen: false, workload: null, scenario: null, recording: null, latest: 0,
}

/** A sentence in the status line; `key` grows, so that the same sentence twice is told twice. */
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
  /** The last refusal's sentence; empty after a command that was carried out. */
  const refusal = ref('')
  /** The first cluster of this window is on its way by itself. */
  const isOpening = ref(false)
  const said = shallowRef<Said>({ key: 0, text: '', kind: 'done' })

  const isLive = computed(() => status.value.kind === 'live')
  const canPause = computed(() => about.value?.canPause ?? true)

  /** Why no command can be given now; empty when they can. */
  const commandProblem = computed(() => {
    if (connection.value === 'reconnecting') return 'Reconnecting to the lab.'
    if (connection.value !== 'open') return 'There is no connection to the lab.'
    return ''
  })
  /** Why processes cannot be acted on now; empty when they can. */
  const liveProblem = computed(() => {
    if (commandProblem.value !== '') return commandProblem.value
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

  /** Calls the lab; undefined when it was refused, with the reason in `refusal` and in the status line. `done` is said on success. */
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

  const newCluster = (settings: ClusterSettings) => call('newCluster', settings,
    `A cluster runs: ${counted(settings.replicas, 'replica')}, ${counted(settings.clients, 'client')}.`)
  const endSession = () => call('endSession', {}, 'The session ended; its recording is kept.')
  const branch = (seq: number) => call('branch', { session: status.value.session, seq },
    'A branch: its processes have the states of that moment, and time stands still. Thaw to go on (Space).')
  const rerun = () => call('rerun', { session: status.value.session },
    'Done again on processes: every step since the freeze, in the same order. Time stands still.')
  const kill = (node: string) => call('kill', { node }, `${node} was killed (SIGKILL).`)
  const pause = (node: string) => call('pause', { node }, `${node} is paused.`)
  const resume = (node: string) => call('resume', { node }, `${node} runs again.`)
  const restart = (node: string) => call('restart', { node }, `${node} was restarted with empty memory.`)
  const freeze = () => call('freeze', {}, 'Time is frozen: nothing is delivered and no timer fires.')
  const thaw = () => call('thaw', {}, 'Time runs again.')
  const invoke = (client: string, operation: OperationRequest, target: string) => call('invoke', { client, operation, target })
  const startWorkload = (workload: Workload) => call('startWorkload', workload, 'The workload runs.')
  const stopWorkload = () => call('stopWorkload', {}, 'The workload stopped.')
  /** A message, a timer, a fault or a break condition; `done` says what it did. */
  const act = (what: NetworkAct, done: string) => call('act', what, done)
  const listScenarios = () => call('listScenarios', {})
  const checkScenario = (text: string) => call('checkScenario', { text })
  const runScenario = (name: string, text = '') => call('runScenario', { name, text }, 'The scenario plays.')
  const steerScenario = (how: Takes<'steerScenario'>['act']) => call('steerScenario', { act: how }, steerTexts[how])

  return {
    connection, connectionProblem, status, about, lab, refusal, isOpening, said, isLive, canPause, commandProblem, liveProblem,
    say, refuse, call, newCluster, endSession, branch, rerun, kill, pause, resume, restart, freeze, thaw, invoke, startWorkload, stopWorkload,
    act, listScenarios, checkScenario, runScenario, steerScenario,
  }
})

const steerTexts: Readonly<Record<Takes<'steerScenario'>['act'], string>> = {
  pause: 'The scenario pauses before its next step.', step: 'The scenario does one step.', resume: 'The scenario goes on.',
  stop: 'The scenario is stopped; the cluster runs on.',
}

