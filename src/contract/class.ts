// A class as its teacher sees it: many labs of one host, with a summary of each. The host answers it to `GET /class`.
// It must never hold behaviour.
import * as z from 'zod'
import { SessionStatus } from './lab'

/** The path at which the host answers the list, to a request with `Authorization: Bearer TOKEN`. */
export const classPath = '/class'
/** The page that shows it. */
export const classPage = 'class.html'

export const ClassEntry = z.strictObject({
  /** From 1. */
  number: z.int(),
  state: SessionStatus.shape.kind,
  /** Empty where the session has none. */
  title: z.string(),
  frozen: z.boolean(),
  /** The scenario that plays, and how far; null without one. */
  scenario: z.strictObject({ title: z.string(), state: z.string() }).nullable(),
  /** The rules that the session broke, each with its sentence; null if no checker judged it: a recording that was opened, or events that were lost. */
  broken: z.array(z.strictObject({ rule: z.string(), text: z.string() })).nullable(),
  /** The newest view in words, `view 3: s2 primary, s3 backup`; empty without one. */
  view: z.string(),
  /** Why the cluster cannot go on; empty while it can. */
  stuck: z.string(),
  /** Windows of its student that are connected; those that only watch are not counted. */
  screens: z.int(),
  /** Milliseconds since one was connected last: 0 while one is, null if none ever was. */
  seenMsAgo: z.int().nullable(),
  /** Milliseconds since its student last did something; null: never. */
  actedMsAgo: z.int().nullable(),
  /** Live processes of its cluster, the switchboard among them; 0 while none runs. */
  processes: z.int(),
  diskBytes: z.int(),
  /** One sentence about a problem of its recording; empty if there is none. */
  problem: z.string(),
  /** Addresses for its student, and for viewers that may look and not act. Each holds its token. */
  address: z.string(),
  watchAddress: z.string(),
})
export type ClassEntry = z.infer<typeof ClassEntry>

export const ClassList = z.strictObject({
  labs: z.array(ClassEntry),
  limits: z.strictObject({ processesMax: z.int(), startsPerMinute: z.int(), diskMiBMax: z.int(), operationsPerSecond: z.int(), intervalMsMin: z.int() }),
})
export type ClassList = z.infer<typeof ClassList>
