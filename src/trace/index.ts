// What other rooms may use of the trace.
export * from './event'
export * from './recorded'
