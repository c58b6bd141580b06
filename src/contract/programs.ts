// Programs of others as nodes, as a person names them in the window (docs/node-protocol.md has what they speak).
// A command must never come from anywhere else: neither from a recording nor from a scenario.
import * as z from 'zod'
import { NodeNameText } from './network'

const Line = z.string().max(4096).refine((text) => !text.includes('\0'), 'a command or a folder has no NUL')

/** `who`: a node, `replicas` or `clients` for all of them, or a slot of a scenario. `folder`: where it runs; empty: the folder that `hello` tells. */
export const ProgramChoice = z.strictObject({ who: NodeNameText, command: Line, folder: Line })
export type ProgramChoice = z.infer<typeof ProgramChoice>
export const ProgramChoices = z.array(ProgramChoice).max(16)

/** What a choice would run, and where; empty where there is a problem. Each problem is one sentence, or empty. */
export const CheckedProgram = z.strictObject({ runs: z.string(), folder: z.string(), commandProblem: z.string(), folderProblem: z.string() })
export type CheckedProgram = z.infer<typeof CheckedProgram>

export const ProgramFacts = z.strictObject({
  /** Why this lab runs no programs of others; empty if it does. */
  problem: z.string(),
  /** Where a program runs whose folder was left empty. */
  folder: z.string(),
  /** What was run before, the newest first. */
  last: ProgramChoices,
})
export type ProgramFacts = z.infer<typeof ProgramFacts>
