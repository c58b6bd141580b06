// Converts a failing run of the simulator into a scenario: each act becomes a step at the same time, and the last steps expect the correct result.
// On the simulator it must be the same run, event for event; it fails as long as the fault exists.
import type { Delay, Fault } from '../../network'
import { bytesToUtf8, defaultSettings, isMessageType, viewServerName, withBytes, type ByteString, type Operation, type Settings } from '../../protocol'
import { formatScenario, readScenario, type ScenarioText } from '../../scenario'
import { catchUpMs, checkTitle, patienceMs, type CheckName, type FaultAct, type HandAct, type Nth, type Plan, type PlanRun, type ScriptLine } from '../../sim'

type StepText = ScenarioText['steps'][number]

/** The text of the scenario file, or one sentence why there is none. */
export function scenarioOfPlan(plan: Plan, run: PlanRun, check: CheckName): { readonly text: string; readonly problem: '' } | { readonly text: ''; readonly problem: string } {
  const unfit = whyUnfit(plan)
  if (unfit !== '') return { text: '', problem: `It does not fit into a scenario: ${unfit}` }
  const steps = [...stepsOf(run.script, plan.durationMs), ...judgingSteps(plan, run, check)]
  const form: ScenarioText = {
    understudy: 'scenario', version: 1, title: `Seed ${plan.seed}: ${checkTitle(check)}`, suite: 'Found by the simulator',
    about: `${run.found?.text ?? ''} Found by the simulator and made as small as it could. It fails as long as that can happen.`,
    seed: plan.seed, on: ['simulator'], cluster: clusterOf(plan), steps,
  }
  const text = formatScenario(form)
  const [problem] = readScenario('', text).problems
  return problem ? { text: '', problem: `It does not fit into a scenario: ${problem.sentence}` } : { text, problem: '' }
}

/** Why a plan cannot be expressed as a scenario; empty if it can. */
function whyUnfit({ settings, stores, faults }: Plan): string {
  if (stores !== 'map') return `its servers keep their entries in ${stores === 'slab' ? 'slabs' : 'slabs and maps'}, and those of a scenario on the simulator in maps.`
  if (faults.some(({ act }) => isOfTheViewServer(act))) return 'its view server is restarted, which no stage does.'
  return settings.newCluster ? '' : 'its view server listens before it forms a view, and a scenario\'s cluster is always a new one.'
}

function isOfTheViewServer(act: FaultAct): boolean {
  return (act.type === 'restart' || act.type === 'restart-with-echoes') && act.node === viewServerName
}

function clusterOf({ replicas, clients, settings }: Plan): ScenarioText['cluster'] {
  const { mutants, newCluster: _, ...numbers } = settings
  // These defaults of scenarios differ from the protocol's, so they are always written.
  const always: readonly (keyof Settings)[] = ['pingIntervalMs', 'pingCheckIntervalMs', 'deadPings', 'retryMs', 'operationTimeoutMs']
  const said = Object.entries(numbers).filter(([name, value]) => always.includes(name as keyof Settings) || value !== defaultSettings[name as keyof Settings])
  return { replicas, clients, ...Object.fromEntries(said), ...mutants.length > 0 ? { mutants: [...mutants] } : {} }
}

// ---- steps

function stepsOf(script: readonly ScriptLine[], durationMs: number): StepText[] {
  const steps: StepText[] = []
  let nowMs = 0
  const passTo = (atMs: number): void => {
    if (atMs > nowMs) steps.push({ run: atMs - nowMs })
    nowMs = Math.max(nowMs, atMs)
  }
  for (const line of script) {
    passTo(line.atMs)
    steps.push(stepOf(line))
  }
  passTo(durationMs)
  return steps
}

function stepOf(line: ScriptLine): StepText {
  switch (line.type) {
    case 'operation': {
      const { id, client, session, operation, target } = line.planned
      const asked = { from: client, session, as: operationName(id), ...target === '' ? {} : { to: target } }
      return operationStep(operation, asked)
    }
    case 'kill': return { kill: line.node }
    case 'restart': return { restart: line.node }
    case 'pause': return { pause: line.node }
    case 'resume': return { resume: line.node }
    case 'fault': return { fault: faultStep(line.fault, line.forMs) }
    case 'resend': return { resend: pickOf(line.pick) }
    case 'disconnect': return { disconnect: { client: line.client, server: line.server } }
    case 'hand': return handStep(line.hand)
    case 'freeze': return { freeze: true }
    case 'thaw': return { thaw: true }
    case 'mend': return { mend: 'all' }
  }
}

function operationName(id: number): string {
  return `operation ${id}`
}

interface Asked {
  readonly from: string
  readonly to?: string
  readonly session: number
  readonly as: string
}

function operationStep(operation: Operation, asked: Asked): StepText {
  const { type, ...given } = withBytes(operation, textOf)
  return { [type]: { ...given, ...asked } }
}

/** Plans contain only text. */
function textOf(bytes: ByteString): string {
  return bytesToUtf8(bytes) ?? ''
}

function pickOf({ from, to, kind, which }: Nth): NonNullable<StepText['deliver']> {
  return { from, to, kinds: kind, which }
}

function handStep(hand: HandAct): StepText {
  if (hand.type === 'fire') return { fire: { node: hand.node, timer: hand.timer } }
  if (hand.pick.type !== 'nth') throw new Error('what was done by hand names its message')
  const pick = pickOf(hand.pick)
  switch (hand.type) {
    case 'deliver': return { deliver: pick }
    case 'drop': return { drop: pick }
    case 'duplicate': return { duplicate: pick }
  }
}

function faultStep({ name, where, bothWays, effect, times }: Fault, forMs: number): NonNullable<StepText['fault']> {
  const { from, to, kinds } = where
  const link = {
    name, ...from.length > 0 ? { from: [...from] } : {}, ...to.length > 0 ? { to: [...to] } : {}, ...kinds.length > 0 ? { kinds: kinds.filter(isMessageType) } : {},
    ...bothWays ? { bothWays } : {}, ...times > 0 ? { times } : {}, ...forMs > 0 ? { for: forMs } : {},
  }
  switch (effect.type) {
    case 'cut': return { ...link, cut: true }
    case 'hold': return { ...link, hold: true }
    case 'isolate': return { ...link, isolate: [...effect.nodes] }
    case 'partition': return { ...link, partition: effect.groups.map((group) => [...group]) }
    case 'drop': return { ...link, drop: effect.probability }
    case 'duplicate': return { ...link, duplicate: effect.probability }
    case 'delay': return { ...link, delay: delayOf(effect.delay), ...shareOf(effect.probability) }
    case 'reorder': return { ...link, reorder: true, ...shareOf(effect.probability) }
    case 'unreliable': return { ...link, unreliable: { requestLoss: effect.requestLoss, replyLoss: effect.replyLoss } }
  }
}

function shareOf(probability: number): { share?: number } {
  return probability === 1 ? {} : { share: probability }
}

function delayOf(delay: Delay): NonNullable<NonNullable<StepText['fault']>['delay']> {
  switch (delay.type) {
    case 'constant': return delay.ms
    case 'uniform': return { min: delay.minMs, max: delay.maxMs }
    case 'exponential': return { mean: delay.meanMs }
  }
}

// ---- the end

function judgingSteps({ mendAtMs }: Plan, run: PlanRun, check: CheckName): StepText[] {
  const last = run.operations.filter(({ atMs }) => mendAtMs !== null && atMs >= mendAtMs).map(({ id }) => operationName(id))
  const answered: StepText[] = last.length > 0 ? [{ wait: { returned: last }, within: patienceMs }] : []
  switch (check) {
    case 'progress': return answered
    case 'equal-at-end': return [...answered, { wait: { equalStores: true }, within: catchUpMs }]
    case 'node-stopped': return [{ expect: { role: { node: run.found?.node ?? 'any', life: 'up' } } }]
    case 'linearizability': return [...answered, { expect: { linearizable: true } }]
    // Some rules are violated only while the last operations are answered.
    default: return [...answered, { expect: { rulesKept: check } }]
  }
}
