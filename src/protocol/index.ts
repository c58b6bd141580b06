// What other rooms may use of the protocol.
export * from './byte-string'
export * from './machine'
export * from './messages'
export * from './mutants'
export * from './settings'
export * from './view'
export { createMachine } from './node'
export { execute, Store } from './application'
