// The form of a scenario, defined only here. The reader checks files against it, `scenarios/scenario.schema.json` is made from it for
// editors, and docs/scenarios.md explains it. A scenario is data: it must never name anything that could be run.
import * as z from 'zod'
import { ruleNames } from '../check'
import { messageKinds, mutantNames, perField, perOperation, settingLimits, type MutantName, type OperationOf, type OperationType } from '../protocol'

// Zod would probe `new Function`, which the window's content security policy reports as a violation.
z.config({ jitless: true })

/** A scenario's file is at most this long, in bytes. */
export const scenarioBytesMax = 256 * 1024

/** Roles stand for the node that has them when the step runs; `last` is the one that was killed, paused or restarted last. */
export const nodeWords = ['primary', 'backup', 'idle', 'any', 'last'] as const

const Text = z.string().max(1000)
const Node = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/).describe('A node (vs, s1, c1 …), or primary, backup, idle, any (drawn from the seed) or last.')
const Nodes = z.union([Node, z.array(Node).min(1).max(16)])
const Ms = z.number().min(0).max(600_000)
const Count = z.int().min(0).max(1_000_000)
const Name = z.string().min(1).max(80)
const Probability = z.number().min(0).max(1)

const Kind = z.enum(messageKinds)
const Kinds = z.union([Kind, z.array(Kind).min(1).max(messageKinds.length)])

// ---- operations

const Key = z.string().max(65_536)
const Value = z.string().max(200_000)

/** The result that an operation must have. */
export const Gives = z.union([
  z.enum(['ok', 'missing', 'mismatch', 'too-large', 'failed', 'rejected', 'unknown', 'anything'])
    .describe('rejected: the server that was asked straight refused, as it is not primary (rule 5).'),
  z.strictObject({ value: Value }),
  z.strictObject({ failed: Text.describe('The reason, for example never-sent.') }),
  z.strictObject({ unknown: Text.describe('The reason, for example timeout.') }),
  z.strictObject({ oneOf: z.array(z.union([z.enum(['ok', 'missing', 'failed', 'rejected', 'unknown']), z.strictObject({ value: Value })])).min(1).max(8) }),
])
export type Gives = z.infer<typeof Gives>

const asked = {
  from: Node.optional().describe('The client; c1 without it.'),
  to: Node.optional().describe('Asks this server straight, past the view server.'),
  session: z.int().min(0).max(7).optional().describe('Operations of one session go one after another.'),
  as: Name.optional().describe('A name for its result; the step then does not wait.'),
  gives: Gives.optional().describe('What it must give; ok without it.'),
  within: Ms.optional().describe('It must return within this many milliseconds.'),
}

type StepOf<Type extends OperationType> = Omit<Extract<OperationOf<string>, { readonly type: Type }>, 'type'> & z.infer<z.ZodObject<typeof asked>>

/** The step of each operation: the operation's own fields and how it is asked for. */
export const Operation = perOperation((type) => z.strictObject({
  key: Key, ...perField(type, (kind) => kind === 'bytes' ? Value : Value.nullable()), ...asked,
})) as unknown as { readonly [Type in OperationType]: z.ZodType<StepOf<Type>, StepOf<Type>> }

const Weight = z.int().min(0).max(100)
const Workload = z.strictObject({
  rate: z.int().min(0).max(100_000).default(0).describe('Operations a second over all clients; 0: as fast as answers come.'),
  inFlight: z.int().min(1).max(64).default(1),
  mix: z.strictObject(perOperation(() => Weight.default(0))),
  keys: z.int().min(1).max(100_000).default(8),
  valueBytes: z.int().min(1).max(65_536).default(8),
  clients: z.array(Node).max(8).default([]),
})

/** Clients that append to one key, one append after another each, so that lost and doubled appends can be counted. */
const Appends = z.strictObject({
  key: Key,
  each: Count.default(0).describe('Appends of each client; 0: until finish.'),
  clients: z.array(Node).min(1).max(8),
  as: Name.optional().describe('A name for them; the step then does not wait, and finish ends them.'),
  within: Ms.optional(),
})

// ---- faults

const Link = {
  from: Nodes.optional().describe('The senders; any without it.'),
  to: Nodes.optional().describe('The receivers; any without it.'),
  kinds: Kinds.optional().describe('The kinds of messages; any without it.'),
}

const Delay = z.union([
  Ms,
  z.strictObject({ min: Ms, max: Ms }),
  z.strictObject({ mean: Ms }),
])

export const FaultStep = z.strictObject({
  name: Name.optional(),
  ...Link,
  bothWays: z.boolean().optional(),
  times: Count.optional().describe('It strikes this many messages and is then used up.'),
  in: Ms.optional().describe('It begins after this many milliseconds.'),
  for: Ms.optional().describe('It ends by itself after this many milliseconds.'),
  share: Probability.optional().describe('For delay and reorder: the share of messages that it strikes.'),
  cut: z.literal(true).optional(),
  isolate: Nodes.optional(),
  partition: z.array(z.array(Node).min(1)).min(2).optional(),
  drop: Probability.optional(),
  delay: Delay.optional().describe('Milliseconds: constant, uniform from min to max, or exponential with this mean.'),
  duplicate: Probability.optional(),
  reorder: z.literal(true).optional(),
  hold: z.literal(true).optional(),
  unreliable: z.union([z.literal(true), z.strictObject({ requestLoss: Probability, replyLoss: Probability })]).optional()
    .describe('The course\'s unreliable mode: 10 % of requests lost; of the others 20 % executed and the answer lost.'),
})
export type FaultStep = z.infer<typeof FaultStep>

/** What a break waits for: exactly one of these. */
export const breakWords = ['message', 'view', 'promoted', 'stuck', 'rule'] as const

const Break = z.strictObject({
  name: Name.optional(),
  exact: z.boolean().default(false),
  message: z.strictObject(Link).optional(),
  view: z.enum(['changed', 'acked']).optional(),
  promoted: z.union([z.literal(true), Node]).optional(),
  stuck: z.literal(true).optional(),
  rule: z.literal('broken').optional(),
})

export type BreakForm = z.infer<typeof Break>

/** Picks messages in flight, or sent ones for `resend`: a filter, and which of the matches. */
const Pick = z.strictObject({
  ...Link,
  key: Key.optional().describe('Only messages that carry an operation on this key.'),
  which: z.union([z.enum(['first', 'last', 'all', 'reversed']), z.int().min(1)]).default('first').describe('first, last, all in order, all reversed, or the n-th.'),
})
export type Pick = z.infer<typeof Pick>

// ---- conditions

const Rule = z.enum(ruleNames)
const Range = { atLeast: Count.optional(), atMost: Count.optional() }
const Since = { since: Name.optional().describe('The mark from which to count; from the beginning without it.') }

const Condition = z.strictObject({
  view: z.strictObject({
    viewnum: Count.optional(), atLeast: Count.optional(), primary: Node.nullable().optional(), backups: z.array(Node).optional().describe('Exactly these, in any order.'),
    backupCount: Count.optional(), acked: z.boolean().optional(),
    because: z.enum(['first-server', 'missed-pings', 'restarted', 'not-initialised']).optional().describe('Why a member left, or that it is the first view.'),
  }).optional(),
  role: z.strictObject({
    node: Nodes, is: z.enum(['primary', 'backup', 'idle']).optional().describe('What the node itself believes.'), serving: z.boolean().optional(),
    life: z.enum(['up', 'paused', 'dead']).optional(),
  }).optional(),
  returned: z.union([Name, z.array(Name)]).optional(),
  waits: z.union([Name, z.array(Name)]).optional().describe('These operations have not returned.'),
  result: z.strictObject({ of: Name, gives: Gives }).optional(),
  value: z.strictObject({ key: Key, is: Value.nullable(), at: Nodes }).optional().describe('What a server holds under a key; null: nothing.'),
  equalStores: z.union([z.literal(true), z.array(Node).min(2)]).optional().describe('Store and at-most-once table are the same; true: of all members of the view.'),
  stuck: z.union([z.boolean(), z.enum(['ack-of-dead-primary', 'ack-waits-for-dead-backup', 'no-live-backup', 'history-lost'])]).optional(),
  frozen: z.boolean().optional(),
  appendsKept: z.union([Name, z.literal(true)]).optional().describe('Every acknowledged append is there exactly once and in its client\'s order.'),
  writesKept: z.boolean().optional().describe('No acknowledged write is lost; false: one must be (asynchronous replication).'),
  linearizable: z.boolean().optional().describe('What all clients saw so far can be explained by operations that took effect one at a time; false: it cannot.'),
  messages: z.strictObject({ ...Link, ...Range, ...Since, perPing: z.strictObject({ times: z.number(), plus: Count }).optional()
    .describe('At most times for each ping interval that has passed, plus plus.') }).optional(),
  waiting: z.strictObject({ ...Link, key: Key.optional(), ...Range }).optional().describe('Messages that are in flight: in an inbox, late or held.'),
  fault: z.strictObject({ name: Name, dropped: z.strictObject(Range).optional(), late: z.strictObject(Range).optional(),
    copied: z.strictObject(Range).optional(), held: z.strictObject(Range).optional() }).optional().describe('What a fault has done so far.'),
  views: z.strictObject({ ...Range, ...Since }).optional().describe('View changes.'),
  acknowledged: z.strictObject({ ...Range, ...Since }).optional().describe('Operations that ended ok.'),
  broken: z.union([z.literal(true), Rule]).optional().describe('A rule was broken: any, or this one.'),
  rulesKept: z.union([z.literal(true), Rule, z.array(Rule).min(1)]).optional().describe('No rule of the protocol was broken so far; or not these.'),
  longestWait: z.strictObject({ atMost: Ms }).optional().describe('Of an operation that has returned, in milliseconds.'),
})
export type Condition = z.infer<typeof Condition>
export const conditionWords = Object.keys(Condition.shape) as (keyof Condition)[]

// ---- steps

const plainStep = {
  note: Text.optional().describe('Why this step is here, shown beside it.'),
  ...z.object(Operation).partial().shape,
  together: z.array(z.strictObject(z.object(Operation).partial().shape)).min(2).max(64).optional().describe('Operations at the same time; waits for all.'),
  workload: Workload.optional(),
  stopWorkload: z.literal(true).optional(),
  appends: Appends.optional(),
  finish: Name.optional().describe('Ends appends that were given a name, and waits until the last has returned.'),
  wait: Condition.optional(),
  within: Ms.optional().describe('For wait: the limit in milliseconds; 10 000 without it.'),
  run: Ms.optional().describe('Lets this many milliseconds pass.'),
  expect: Condition.optional(),
  always: Condition.optional().describe('With run: must hold at every moment of it.'),
  kill: Nodes.optional(),
  pause: Nodes.optional(),
  resume: Nodes.optional(),
  restart: Nodes.optional().describe('Kills it if it lives, and starts it with empty memory.'),
  start: Nodes.optional(),
  fault: FaultStep.optional(),
  mend: z.union([z.literal('all'), Name]).optional(),
  switch: z.strictObject({ fault: Name, on: z.boolean() }).optional(),
  freeze: z.literal(true).optional(),
  thaw: z.literal(true).optional(),
  break: Break.optional(),
  deliver: Pick.optional(),
  drop: Pick.optional(),
  duplicate: Pick.optional(),
  resend: Pick.optional().describe('A copy of a message that was sent before arrives now, whatever has become of it. On the simulator only.'),
  disconnect: z.strictObject({ client: Node, server: Node }).optional()
    .describe('The connection of a client with a server ends: replies on it are lost, and the client may dial again. On the simulator only.'),
  fire: z.strictObject({ node: Node, timer: Text }).optional(),
  mark: Name.optional().describe('A moment that messages, views and acknowledged can count from.'),
}
const PlainStep = z.strictObject(plainStep)
/** A step that is not repeated; a repetition holds some of these and no other repetition. */
export type PlainStep = z.infer<typeof PlainStep>

const Step = z.strictObject({
  ...plainStep,
  repeat: z.strictObject({ times: z.int().min(1).max(1000), steps: z.array(PlainStep).min(1).max(200) }).optional(),
})
export type Step = z.infer<typeof Step>

/** Words that only qualify another word. */
const besides: readonly string[] = ['note', 'within', 'always']
export type StepWord = Exclude<keyof Step, 'note' | 'within' | 'always'>
/** The words of which a step has exactly one. */
export const stepWords = Object.keys(Step.shape).filter((word): word is StepWord => !besides.includes(word))

const limited = (name: keyof typeof settingLimits) => z.int().min(settingLimits[name].min).max(settingLimits[name].max).optional()

/** A name that a person gives to a program with --program. */
const Slot = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)

const Cluster = z.strictObject({
  replicas: z.int().min(1).max(7).default(3),
  program: z.record(z.string(), Slot).optional()
    .describe('Nodes that are programs of others, by node, or by view-server, replicas, clients; and the name that --program fills: { replicas: student }.'),
  clients: z.int().min(1).max(8).default(1),
  start: z.array(Node).optional().describe('The servers and clients that are there from the beginning; all without it.'),
  pingIntervalMs: limited('pingIntervalMs'),
  pingCheckIntervalMs: limited('pingCheckIntervalMs').describe('The same as pingIntervalMs without it.'),
  deadPings: limited('deadPings'),
  backupsWanted: limited('backupsWanted'),
  replication: z.enum(['synchronous', 'asynchronous']).optional(),
  retryMs: limited('retryMs'),
  operationTimeoutMs: limited('operationTimeoutMs'),
  transferChunkBytes: limited('transferChunkBytes'),
  transferWindow: limited('transferWindow'),
  waitingRequestsMax: limited('waitingRequestsMax'),
  inFlightMax: limited('inFlightMax'),
  tableClientsMax: limited('tableClientsMax'),
  mutants: z.array(z.enum(mutantNames as [MutantName, ...MutantName[]])).max(mutantNames.length).optional().describe('Rules that are broken on purpose: docs/protocol.md has them all.'),
})

export const ScenarioSchema = z.strictObject({
  understudy: z.literal('scenario'),
  version: z.literal(1),
  title: z.string().min(1).max(120),
  suite: z.string().min(1).max(80).default(''),
  points: z.number().min(0).max(1000).default(0),
  about: z.string().max(4000).default('').describe('What it shows and where it comes from.'),
  seed: z.string().max(64).regex(/^[ -~]*$/).default('1').describe('Random faults, workloads and any draw from it.'),
  on: z.array(z.enum(['processes', 'simulator'])).min(1).default(['processes', 'simulator']),
  cluster: Cluster.prefault({}),
  steps: z.array(Step).min(1).max(500),
})
export type ScenarioForm = z.infer<typeof ScenarioSchema>
/** The form as a file has it: a field with a default may be left out. */
export type ScenarioText = z.input<typeof ScenarioSchema>

/** The schema for editors, as JSON Schema (draft 2020-12). */
export function scenarioJsonSchema(): unknown {
  const schema = z.toJSONSchema(ScenarioSchema, { io: 'input', target: 'draft-2020-12', reused: 'ref' })
  return { title: 'Understudy scenario', description: 'A script for a replicated cluster: what happens, and what must come of it.', ...schema }
}
