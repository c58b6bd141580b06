// The Explore form as values: fields with their limits, a program as typed, and one sentence for each problem; also the figures of an
// exploration in words. Pure. The limits are the contract's own; the lab checks them again.
import { defaultExploreRequest, exploreFormLimits, type ExploreRequest, type ExploreStanding } from '../../src/contract'
import { settingLimits, type Settings } from '../../src/protocol'
import { bytesText, counted, type TraceHeader } from '../../src/trace'
import { countText } from '../words/figures'
import type { StepSpec } from './cluster-form'

type ProgramStep = ExploreRequest['program'][number]
export type ExploreField = 'replicas' | 'clients' | 'backupsWanted' | 'depth' | 'crashes' | 'restarts' | 'losses' | 'duplicates'

export interface ExploreSpec extends StepSpec {
  readonly name: ExploreField
}

/** The values of the form; `program` as typed, numbers NaN where the typed text is no number. */
export type ExploreForm = { -readonly [Key in Exclude<keyof ExploreRequest, 'seq' | 'program'>]: ExploreRequest[Key] } & { program: string }

/** A small cluster: with a broken rule the answer takes about a second; a million states of a correct cluster take about ten seconds. */
export const exploreFormDefault: ExploreForm = {
  replicas: 2, clients: 1, backupsWanted: 1, mutants: [], program: 'append, get', depth: 0, crashes: 1, restarts: 1, losses: 1, duplicates: 1, goal: 'violation',
}

const one = { unit: '', step: 1 } as const

/** Fields for an exploration of a new cluster; one that starts inside a session uses that session's settings. */
export const nodeFields: readonly ExploreSpec[] = [
  { name: 'replicas', label: 'Replicas', ...one, ...exploreFormLimits.replicas },
  { name: 'clients', label: 'Clients', ...one, ...exploreFormLimits.clients },
  { name: 'backupsWanted', label: 'Backups wanted', ...one, ...settingLimits.backupsWanted },
]
/** How many faults one explored path may have, and how many steps. */
export const boundFields: readonly ExploreSpec[] = [
  { name: 'crashes', label: 'Crashes', ...one, ...exploreFormLimits.budget },
  { name: 'restarts', label: 'Restarts', ...one, ...exploreFormLimits.budget },
  { name: 'losses', label: 'Losses', ...one, ...exploreFormLimits.budget },
  { name: 'duplicates', label: 'Duplicates', ...one, ...exploreFormLimits.budget },
  { name: 'depth', label: 'Steps at most', ...one, ...exploreFormLimits.depth },
]

export const goals: readonly { readonly value: ExploreRequest['goal']; readonly title: string; readonly text: string }[] = [
  { value: 'violation', title: 'A broken rule', text: 'Or a history that no one copy explains.' },
  { value: 'stuck', title: 'Stuck', text: 'Nothing can change although it should.' },
  { value: 'finish', title: 'Every operation ends', text: 'If there is no way, nobody is ever answered.' },
]

const programWords: readonly ProgramStep[] = ['append', 'get', 'delete']

/** The steps of a typed program, or its problem in one sentence. */
export function parseProgram(text: string): readonly ProgramStep[] | string {
  const { min, max } = exploreFormLimits.operations
  const words = text.toLowerCase().split(/[\s,;]+/).filter(Boolean)
  const steps = words.flatMap((word) => programWords.find((known) => known === word) ?? [])
  const stranger = words.find((word) => !(programWords as readonly string[]).includes(word))
  if (stranger !== undefined) return `“${stranger.slice(0, 20)}” is not one of append, get and delete`
  if (steps.length < min) return 'At least one of append, get and delete'
  return steps.length > max ? `At most ${max} operations` : steps
}

export function programProblem(text: string): string {
  const parsed = parseProgram(text)
  return typeof parsed === 'string' ? parsed : ''
}

/** The problem of a field in one sentence; empty if the field is valid. */
export function fieldProblem(form: ExploreForm, spec: ExploreSpec): string {
  const value = form[spec.name]
  if (!Number.isInteger(value)) return 'A whole number'
  if (value < spec.min || value > spec.max) return `${spec.min} to ${countText(spec.max)}`
  if (spec.name === 'backupsWanted' && Number.isInteger(form.replicas) && value > form.replicas - 1) {
    return form.replicas === 1 ? '1 replica leaves no room' : `${form.replicas} replicas leave room for ${form.replicas - 1}`
  }
  return ''
}

/** The hint below a valid field. */
export function fieldHint(form: ExploreForm, { name, min, max }: ExploreSpec): string {
  switch (name) {
    case 'depth': return form.depth === 0 ? '0: no limit' : 'then it stops'
    case 'crashes': return 'of replicas'
    case 'restarts': return form.crashes === 0 ? 'nothing to restart' : 'begin empty'
    case 'losses': return 'and late pings'
    case 'duplicates': return 'of messages'
    case 'backupsWanted': return Number.isInteger(form.replicas) && form.replicas > 0 ? `0 to ${Math.min(max, form.replicas - 1)}` : ''
    default: return `${min} to ${max}`
  }
}

/** The first problem of the form in one sentence, or empty. `fromSession` skips the fields that only a new cluster needs. */
export function formProblem(form: ExploreForm, fromSession: boolean): string {
  for (const spec of [...fromSession ? [] : nodeFields, ...boundFields]) {
    const problem = fieldProblem(form, spec)
    if (problem !== '') return `${spec.label}: ${problem}.`
  }
  const program = programProblem(form.program)
  return program === '' ? '' : `Each client does: ${program}.`
}

/** The request for the lab; `seq` 0: from a new cluster. The form must have no problem. */
export function requestOf(form: ExploreForm, seq: number): ExploreRequest {
  const parsed = parseProgram(form.program)
  const { replicas, clients, backupsWanted, mutants } = seq === 0 ? form : defaultExploreRequest
  const { goal, depth, crashes, restarts, losses, duplicates } = form
  const program = typeof parsed === 'string' ? [] : [...parsed]
  return { seq, replicas, clients, backupsWanted, mutants: [...mutants], program, goal, depth, crashes, restarts, losses, duplicates }
}

/** The form that makes this request; fields that the request does not have get their defaults. */
export function formOf({ seq, program, replicas, clients, backupsWanted, mutants, ...asked }: ExploreRequest): ExploreForm {
  const cluster = seq === 0 ? { replicas, clients, backupsWanted, mutants: [...mutants] } : {}
  return { ...exploreFormDefault, ...asked, ...cluster, program: program.join(', ') }
}

/** The cluster of an exploration that starts inside a session, in words. */
export function clusterText({ nodes, settings }: Pick<TraceHeader, 'nodes' | 'settings'>): string {
  const count = (kind: TraceHeader['nodes'][number]['kind'], noun: string): string => counted(nodes.filter((node) => node.kind === kind).length, noun)
  const broken = settings.mutants.length === 0 ? '' : `, broken on purpose: ${brokenText(settings)}`
  return `${count('replica', 'replica')}, ${count('client', 'client')}, ${counted(settings.backupsWanted, 'backup')} wanted${broken}`
}

function brokenText({ mutants }: Pick<Settings, 'mutants'>): string {
  return mutants.map((name) => name.replaceAll('-', ' ')).join(', ')
}

/** The request as one sentence, shown above the figures. */
export function requestText(request: ExploreRequest): string {
  const { seq, replicas, clients, backupsWanted, program, goal } = request
  const from = seq === 0
    ? `a new cluster (${counted(replicas, 'replica')}, ${counted(clients, 'client')}, ${counted(backupsWanted, 'backup')} wanted${request.mutants.length === 0 ? '' : `; ${brokenText(request)}`})`
    : `event #${countText(seq)} of its session`
  const to = { violation: 'the shortest way to a broken rule', stuck: 'the shortest way to a cluster that is stuck', finish: 'the shortest way to where every operation has ended' }[goal]
  return `From ${from}, every client doing ${program.join(', ')}: ${to}.`
}

/** The progress of an exploration as pairs of name and figure. */
export function figuresOf({ states, steps, queue, depth, bytes, ms }: ExploreStanding): readonly (readonly [name: string, figure: string])[] {
  return [
    ['States', countText(states)], ['Steps tried', countText(steps)], ['Whole to depth', countText(depth)], ['Still to look at', countText(queue)],
    ['States a second', ms === 0 ? '–' : countText(Math.round(states / ms * 1000))], ['Memory of states', bytesText(bytes)], ['Time', timeText(ms)],
  ]
}

/** The exploration in a few words, for the status line. */
export function shortText({ states, depth, paused, end }: ExploreStanding): string {
  if (end === null) return `${paused ? 'Exploration paused' : 'Exploring'}: ${countText(states)} states, ${depth} steps`
  return end.type === 'found' ? 'Exploration: found' : 'Exploration: ended'
}

function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return seconds < 60 ? `${(Math.floor(ms / 100) / 10).toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
