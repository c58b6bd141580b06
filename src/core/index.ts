// What other folders of src may use of the core.
export { BreakConditions, type BreakingEvent } from './break-conditions'
export * from './cluster-core'
export * from './cluster-workload'
