// Every bench, in the order in which `npm run bench` runs them. To add one: write a Bench (bench.ts) in a file of its own and name it here.
import type { Bench } from './bench'
import { desktopStartBench } from './desktop-start'
import { idleBench } from './idle'
import { memoryBench } from './memory'
import { startBench } from './start'

export const benches: readonly Bench[] = [startBench, memoryBench, idleBench, desktopStartBench]
