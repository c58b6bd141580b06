// What other folders of src may use of the network.
export * from './acts'
export * from './copy-id'
export * from './events'
export * from './fault'
export {
  courseUnreliable, effectForms, effectTypes, faultLimits, isShareEffect, perEffect,
  type Delay, type EffectField, type EffectFields, type EffectType, type FaultEffect, type ShareEffect,
} from './fault-effect'
export * from './snapshot'
export { Network, type Verdict } from './network'
export * from './random'
export * from './refused'
export { Transit, type OnItsWay, type TransitOptions } from './transit'
