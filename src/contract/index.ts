// What other folders of src may use of the contract.
export * from './lab'
export * from './class'
export * from './explore'
export * from './port'
export * from './carrier'
export { createPortPair } from './port-pair'
export { Refusal } from './refusal'
export { callsWaitingMax, connectLab, serveLab, type LabServer } from './rpc'
