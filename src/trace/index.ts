// What other rooms may use of the trace.
export * from './event'
export * from './recorded'
export * from './codec'
export { eventFields, eventProblem, type FieldKind } from './event-fields'
export * from './fold'
export * from './operations'
export * from './explain'
