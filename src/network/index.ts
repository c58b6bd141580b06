// What other rooms may use of the network.
export * from './acts'
export * from './events'
export * from './fault'
export * from './moment'
export { Network, type Verdict } from './network'
export * from './random'
export * from './refused'
export { Transit, type OnItsWay, type TransitOptions } from './transit'
