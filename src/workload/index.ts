// What other folders of src may use of the workload.
export * from './workload'
