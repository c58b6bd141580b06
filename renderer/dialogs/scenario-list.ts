// The scenarios of the chooser: the matches of the typed text, by suite; and the problems of a file, in words. Pure.
import type { Gives, ScenarioEntry } from '../../src/contract'

export interface Suite {
  readonly name: string
  /** `index` counts through all suites, in the order in which the arrow keys move. */
  readonly scenarios: readonly { readonly entry: ScenarioEntry; readonly index: number }[]
}

/** Suites in the order of `entries`, with the scenarios that contain every typed word. */
export function suitesOf(entries: readonly ScenarioEntry[], query: string): Suite[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = entries.filter((entry) => {
    const text = `${entry.title} ${entry.suite} ${entry.about} ${entry.name}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  let index = 0
  return [...new Set(found.map(({ suite }) => suite))].map((name) => ({
    name, scenarios: found.filter(({ suite }) => suite === name).map((entry) => ({ entry, index: index++ })),
  }))
}

/** Most problems of a file that are shown; further ones are only counted. */
export const problemsMax = 20

export function problemTexts(problems: Gives<'checkScenario'>['problems']): string[] {
  const texts = problems.slice(0, problemsMax).map(({ line, column, sentence }) => `line ${line}, column ${column}: ${sentence}`)
  return problems.length <= problemsMax ? texts : [...texts, `and ${problems.length - problemsMax} more.`]
}

/** What a person brings to a scenario, and gets for it. */
export function factsText({ slots, points }: Pick<ScenarioEntry, 'slots' | 'points'>): string {
  const programs = slots.length === 0 ? [] : [`with your program: ${slots.map(({ slot }) => slot).join(', ')}`]
  return [...programs, ...points === 0 ? [] : [`${points} ${points === 1 ? 'point' : 'points'}`]].join(' · ')
}
