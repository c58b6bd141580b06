// A scenario that was read and checked: its cluster, and its steps in order with their lines in the file.
import { defaultSettings, viewServerName, type MutantName, type NodeName, type Settings } from '../protocol'
import type { PlainStep, ScenarioForm } from './schema'
import { stepOf, type ScenarioStep } from './step'
import { stepText } from './words'

/** A position in a file; both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export interface ScenarioStepLine {
  /** From 1, in the order of the file; a repetition's steps are counted once. */
  readonly number: number
  readonly step: ScenarioStep
  readonly text: string
  readonly place: Place
}

/** One step, or several that are repeated. */
export interface Block {
  readonly times: number
  readonly steps: readonly ScenarioStepLine[]
}

export interface Scenario {
  /** The file's name, as it was given. */
  readonly name: string
  readonly title: string
  readonly suite: string
  readonly about: string
  readonly points: number
  readonly seed: string
  readonly on: readonly ('processes' | 'simulator')[]
  readonly replicas: number
  readonly clients: number
  /** The servers and clients that run from the beginning. */
  readonly start: readonly NodeName[]
  readonly settings: Settings
  /** The nodes that are programs of others, and the name of each program, which a person fills. */
  readonly slots: readonly { readonly node: NodeName; readonly slot: string }[]
  readonly blocks: readonly Block[]
  /** Every step once, in order. */
  readonly steps: readonly ScenarioStepLine[]
}

/** The nodes of a cluster of that size: vs, s1 ..., c1 ... */
export function nodeNames(replicas: number, clients: number): { servers: NodeName[]; clients: NodeName[]; all: NodeName[] } {
  const named = (prefix: string, count: number): NodeName[] => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
  const servers = named('s', replicas)
  const some = named('c', clients)
  return { servers, clients: some, all: [viewServerName, ...servers, ...some] }
}

/** The same scenario with these mutants on, beside its own. */
export function withMutants(scenario: Scenario, more: readonly MutantName[]): Scenario {
  const { settings } = scenario
  return { ...scenario, settings: { ...settings, mutants: [...new Set([...settings.mutants, ...more])] } }
}

/** Default settings that make a scenario quick: a server is dead after 400 ms of silence. */
const scenarioDefaults = { pingIntervalMs: 50, deadPings: 8, retryMs: 50, operationTimeoutMs: 10_000 } as const

/** Makes a scenario from the checked form of a file; `placeOf` finds the place of a step. */
export function scenarioOf(name: string, form: ScenarioForm, placeOf: (path: readonly (string | number)[]) => Place): Scenario {
  const { title, suite, about, points, seed, on } = form
  const { replicas, clients, start, program = {}, ...given } = form.cluster
  const chosen = { ...scenarioDefaults, ...withoutUndefined(given) }
  let number = 0
  const lineOf = (form: PlainStep, path: readonly (string | number)[]): ScenarioStepLine => {
    const step = stepOf(form)
    return { number: ++number, step, text: stepText(step), place: placeOf(path) }
  }
  const blocks = form.steps.map(({ repeat, ...step }, index): Block => repeat
    ? { times: repeat.times, steps: repeat.steps.map((inner, at) => lineOf(inner, ['steps', index, 'repeat', 'steps', at])) }
    : { times: 1, steps: [lineOf(step, ['steps', index])] })
  return {
    name, title, suite, about, points, seed, on, replicas, clients,
    start: start ?? nodeNames(replicas, clients).all.slice(1),
    settings: { ...defaultSettings, ...chosen, pingCheckIntervalMs: given.pingCheckIntervalMs ?? chosen.pingIntervalMs },
    slots: nodeNames(replicas, clients).all.flatMap((node) => {
      const slot = program[node] ?? program[wordOfKind(node)]
      return slot === undefined ? [] : [{ node, slot }]
    }),
    blocks, steps: blocks.flatMap(({ steps }) => steps),
  }
}

/** What stands for all nodes of this one's kind. */
export function wordOfKind(node: NodeName): string {
  return node === viewServerName ? 'view-server' : node.startsWith('s') ? 'replicas' : 'clients'
}

function withoutUndefined<Values extends object>(values: Values): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
}
