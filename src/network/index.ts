// What other rooms may use of the network.
export * from './random'
