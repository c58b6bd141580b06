// What other rooms may use of the contract.
export * from './lab'
export * from './port'
