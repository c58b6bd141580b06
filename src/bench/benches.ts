// Every bench, in the order in which `npm run bench` runs them. To add one: write a Bench (bench.ts) in a file of its own and name it here.
import type { Bench } from './bench'
import { latency } from './latency'
import { nodeClient } from './node-client'
import { throughput } from './throughput'

export const benches: readonly Bench[] = [throughput, latency, nodeClient]
