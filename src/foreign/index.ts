// What other rooms may use of the line protocol.
export { lineBytesMax } from './line'
export { ProgramSteps, type ProgramDriver, type ProgramEffect, type ProgramStep } from './program-steps'
export { speakerOf } from './speaker'
export { ForeignMachine, LevelTooLow, ProgramEnded, type BlockingLines } from './foreign-machine'
