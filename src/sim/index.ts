// What other rooms may use of the simulator.
export { World, type WorldOptions } from './world'
