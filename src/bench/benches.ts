// Every bench, in the order in which `npm run bench` runs them. To add one: write a Bench (bench.ts) in a file of its own and name it here.
import type { Bench } from './bench'

export const benches: readonly Bench[] = []
