// Scenarios as a screen sees them: those that the lab can run, and the one that plays.
// It must never hold their steps as data: those are in src/scenario.
import * as z from 'zod'
// Sets zod up before the first schema is made.
import './network'

/** A scenario's text is at most this long. */
export const scenarioCharactersMax = 256 * 1024

/** The nodes of a scenario that are one program, which a person names. */
export const ScenarioSlot = z.strictObject({ slot: z.string(), nodes: z.array(z.string()) })
export type ScenarioSlot = z.infer<typeof ScenarioSlot>

/** A scenario that the lab can run. */
export const ScenarioEntry = z.strictObject({
  /** Its file under `scenarios/`, for example `mit/viewservice-1.yaml`. */
  name: z.string(),
  title: z.string(),
  suite: z.string(),
  about: z.string(),
  points: z.number(),
  slots: z.array(ScenarioSlot),
})
export type ScenarioEntry = z.infer<typeof ScenarioEntry>

/** The scenario that the session plays. How each step went is in the events (`scenario-step`). */
export const ScenarioStatus = z.strictObject({
  title: z.string(),
  state: z.enum(['running', 'paused', 'passed', 'failed', 'not-judged', 'stopped']),
  /** Every step in words, in order; step 1 first. */
  steps: z.array(z.string()),
  /** The step that is next or runs now, from 1; one more than the number of steps when it is over. */
  at: z.int(),
  /** One sentence when it failed or was stopped; else empty. */
  reason: z.string(),
})
export type ScenarioStatus = z.infer<typeof ScenarioStatus>
