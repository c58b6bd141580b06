// What other rooms may use of the checkers.
export { NodeReplay, type Difference, type EventSource } from './restep'
