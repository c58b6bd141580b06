// What other rooms may use of the simulator.
export { World, type Envelope, type Fate, type WorldOptions } from './world'
