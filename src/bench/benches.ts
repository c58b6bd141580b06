// Every bench, in the order in which `npm run bench` runs them. To add one: write a Bench (bench.ts) in a file of its own and name it here.
import type { Bench } from './bench'
import { classBench } from './class'
import { desktopStartBench } from './desktop-start'
import { failover, failoverKeys } from './failover-bench'
import { falseFailovers } from './false-failovers'
import { history } from './history'
import { idleBench } from './idle'
import { lab } from './lab'
import { latency } from './latency'
import { memoryBench } from './memory'
import { nodeClient } from './node-client'
import { resend } from './resend'
import { sample } from './sample'
import { startBench } from './start'
import { throughput } from './throughput'
import { transfer } from './transfer'

export const benches: readonly Bench[] = [
  throughput, latency, nodeClient, sample, lab, failover, failoverKeys, resend, transfer, startBench, memoryBench, idleBench,
  desktopStartBench, classBench, history, falseFailovers,
]
