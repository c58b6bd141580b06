// What other rooms may use of Maelstrom's words.
export { errorCodes } from './errors'
export { makeMachine } from './machines'
export { isServiceName, serviceNames, type ServiceName } from './service'
