// What other rooms may use of the workload.
export * from './workload'
