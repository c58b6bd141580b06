// Faults, single messages and timers, and break conditions, as schemas: what a screen may ask of the network.
// The types are network/acts.ts and network/fault.ts; the compiler checks that these schemas give exactly those.
import * as z from 'zod'
import type { BreakCondition, Fault, FaultEffect, FaultPlan, NetworkAct, Where } from '../network'
import { faultLimits } from '../network'
import { isNodeName, type MessageType } from '../protocol'

// Zod would probe `new Function`, which the window's content security policy reports as a violation. Said here, before the first
// schema is made: lab.ts imports this file.
z.config({ jitless: true })

export const NodeNameText = z.string().refine(isNodeName, 'a node name is 1 to 32 of a-z, 0-9 and "-", a letter first')

/** Every kind of message, in the order in which lists show them. */
export const messageKinds = [
  'request', 'reply', 'rejected', 'not-yet', 'forward', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'restarted',
  'ping', 'view-reply', 'superseded', 'get-view', 'query', 'query-reply',
] as const satisfies readonly MessageType[]

const NodeNames = z.array(NodeNameText).max(16)
const Probability = z.number().min(0).max(1)
const Ms = z.number().min(0).max(faultLimits.delayMs)

export const WhereSchema: z.ZodType<Where, Where> = z.strictObject({ from: NodeNames, to: NodeNames, kinds: z.array(z.enum(messageKinds)).max(messageKinds.length) })

const DelaySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant'), ms: Ms }),
  z.strictObject({ type: z.literal('uniform'), minMs: Ms, maxMs: Ms }),
  z.strictObject({ type: z.literal('exponential'), meanMs: Ms }),
])

export const FaultEffectSchema: z.ZodType<FaultEffect, FaultEffect> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('cut') }),
  z.strictObject({ type: z.literal('partition'), groups: z.array(NodeNames).max(16) }),
  z.strictObject({ type: z.literal('isolate'), nodes: NodeNames }),
  z.strictObject({ type: z.literal('drop'), probability: Probability }),
  z.strictObject({ type: z.literal('delay'), probability: Probability, delay: DelaySchema }),
  z.strictObject({ type: z.literal('duplicate'), probability: Probability }),
  z.strictObject({ type: z.literal('reorder'), probability: Probability, withinMs: Ms }),
  z.strictObject({ type: z.literal('hold') }),
  z.strictObject({ type: z.literal('unreliable'), requestLoss: Probability, replyLoss: Probability }),
])

export const FaultSchema: z.ZodType<Fault, Fault> = z.strictObject({
  name: z.string().min(1).max(faultLimits.nameCharacters),
  where: WhereSchema,
  bothWays: z.boolean(),
  effect: FaultEffectSchema,
  times: z.int().min(0).max(faultLimits.times),
})

const PlannedMs = z.number().min(0).max(3_600_000)
export const FaultPlanSchema: z.ZodType<FaultPlan, FaultPlan> = z.strictObject({ inMs: PlannedMs, forMs: PlannedMs })

export const BreakConditionSchema: z.ZodType<BreakCondition, BreakCondition> = z.strictObject({
  name: z.string().min(1).max(80),
  on: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('message'), where: WhereSchema }),
    z.strictObject({ type: z.literal('view-changed') }),
    z.strictObject({ type: z.literal('view-acked') }),
    z.strictObject({ type: z.literal('promoted'), node: z.union([z.literal(''), NodeNameText]) }),
    z.strictObject({ type: z.literal('stuck') }),
    z.strictObject({ type: z.literal('rule-broken') }),
  ]),
  exact: z.boolean(),
  stays: z.boolean(),
})

const FaultName = z.string().max(faultLimits.nameCharacters)
const OfMessage = { id: z.string().max(200) }

export const NetworkActSchema: z.ZodType<NetworkAct, NetworkAct> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('add-fault'), fault: FaultSchema, plan: FaultPlanSchema }),
  z.strictObject({ type: z.literal('switch-fault'), fault: FaultName, isOn: z.boolean() }),
  z.strictObject({ type: z.literal('remove-fault'), fault: FaultName }),
  z.strictObject({ type: z.literal('deliver'), ...OfMessage }),
  z.strictObject({ type: z.literal('drop'), ...OfMessage }),
  z.strictObject({ type: z.literal('duplicate'), ...OfMessage }),
  z.strictObject({ type: z.literal('fire'), node: NodeNameText, timer: z.string().max(255) }),
  z.strictObject({ type: z.literal('add-break'), condition: BreakConditionSchema }),
  z.strictObject({ type: z.literal('remove-break'), name: z.string().max(80) }),
])
