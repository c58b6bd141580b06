// Faults, single messages and timers, and break conditions, as schemas: what a screen may ask of the network.
// The types are network/acts.ts and network/fault.ts; the compiler checks that these schemas give exactly those. The schema of an effect is made from
// its table (network/fault-effect.ts).
import * as z from 'zod'
import { faultLimits, perEffect, type BreakCondition, type EffectField, type EffectFields, type Fault, type FaultEffect, type FaultPlan, type NetworkAct, type Where } from '../network'
import { isNodeName, messageKinds } from '../protocol'

// Zod would probe `new Function`, which the window's content security policy reports as a violation. This is set here, before the first
// schema is made: lab.ts imports this file.
z.config({ jitless: true })

export const NodeNameText = z.string().refine(isNodeName, 'a node name is 1 to 32 of a-z, 0-9 and "-", a letter first')

const NodeNames = z.array(NodeNameText).max(16)
const Ms = z.number().min(0).max(faultLimits.delayMs)

export const WhereSchema: z.ZodType<Where, Where> = z.strictObject({ from: NodeNames, to: NodeNames, kinds: z.array(z.enum(messageKinds)).max(messageKinds.length) })

const DelaySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant'), ms: Ms }),
  z.strictObject({ type: z.literal('uniform'), minMs: Ms, maxMs: Ms }),
  z.strictObject({ type: z.literal('exponential'), meanMs: Ms }),
])

const fieldSchemas: { readonly [Field in EffectField]: z.ZodType<EffectFields[Field]> } = {
  probability: z.number().min(0).max(1), ms: Ms, delay: DelaySchema, nodes: NodeNames, groups: z.array(NodeNames).max(16),
}
const effects = Object.values(perEffect<z.ZodType, z.ZodObject>(fieldSchemas, (fields, type) => z.strictObject({ type: z.literal(type), ...fields })))
export const FaultEffectSchema = z.discriminatedUnion('type', effects as [(typeof effects)[number]]) as unknown as z.ZodType<FaultEffect, FaultEffect>

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

/** A schema for each type of `NetworkAct`. */
export const networkActShapes = [
  z.strictObject({ type: z.literal('add-fault'), fault: FaultSchema, plan: FaultPlanSchema }),
  z.strictObject({ type: z.literal('switch-fault'), fault: FaultName, isOn: z.boolean() }),
  z.strictObject({ type: z.literal('remove-fault'), fault: FaultName }),
  z.strictObject({ type: z.literal('deliver'), ...OfMessage }),
  z.strictObject({ type: z.literal('drop'), ...OfMessage }),
  z.strictObject({ type: z.literal('duplicate'), ...OfMessage }),
  z.strictObject({ type: z.literal('fire'), node: NodeNameText, timer: z.string().max(255) }),
  z.strictObject({ type: z.literal('add-break'), condition: BreakConditionSchema }),
  z.strictObject({ type: z.literal('remove-break'), name: z.string().max(80) }),
] as const satisfies readonly z.ZodType<NetworkAct, NetworkAct>[]
