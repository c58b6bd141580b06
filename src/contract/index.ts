// What other rooms may use of the contract.
export * from './lab'
export * from './explore'
export { messageKinds } from './network'
export * from './port'
export * from './carrier'
export { createPortPair } from './port-pair'
export { Refusal } from './refusal'
export { callsWaitingMax, connectLab, serveLab, type LabServer } from './rpc'
