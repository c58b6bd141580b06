// The workloads that a program can be tested with, each once: what its clients ask, what they ask last, and who judges the answers. The words are
// Maelstrom's, so that a node written for Maelstrom is asked what it knows.
import {
  askedOf, judgeBroadcast, judgeCounter, judgeEcho, judgeGrowOnlySet, judgeUniqueIds, standingSentence, type HistoryStanding, type WorkloadVerdict,
} from '../../check'
import type { Random } from '../../network'
import { utf8ToBytes, type Call, type Json, type JsonObject, type Operation } from '../../protocol'
import type { OperationFacts } from '../../trace'
import { topologyOf, type TopologyName } from './topology'

/** What a finished run gives its judge. */
export interface Finished {
  readonly operations: readonly OperationFacts[]
  readonly nodes: readonly string[]
  readonly history: HistoryStanding
}

export interface Workload {
  /** One line for the help. */
  readonly about: string
  /** A request for each node before the others, such as its neighbours; null without one. */
  readonly first: ((node: string, nodes: readonly string[], topology: TopologyName) => Call) | null
  /** The request with this number, from 0. */
  readonly next: (random: Random, number: number) => Operation | Call
  /** What every node is asked at the end; null if nothing. */
  readonly last: Call | null
  readonly judge: (finished: Finished) => WorkloadVerdict
}

const call = (kind: string, body: JsonObject = {}): Call => ({ type: 'call', kind, body })
const keysInUse = 5
const valuesInUse = 5

/** Reads and adds in turn, as drawn. */
const readOr = (random: Random, other: () => Call): Call => random.chance(0.5) ? call('read') : other()

const registry = {
  'echo': {
    about: 'every node answers with what it was sent',
    first: null, last: null,
    next: (random, number) => call('echo', { echo: `please say ${random.below(1000)} (${number})` }),
    judge: ({ operations }) => judgeEcho(askedOf(operations)),
  },
  'unique-ids': {
    about: 'every node gives ids that no node gives twice',
    first: null, last: null,
    next: () => call('generate'),
    judge: ({ operations }) => judgeUniqueIds(askedOf(operations)),
  },
  'broadcast': {
    about: 'what one node is told, all know in the end',
    first: (node, nodes, topology) => call('topology', { topology: topologyOf(topology, nodes), node }),
    last: call('read'),
    next: (random, number) => readOr(random, () => call('broadcast', { message: number })),
    judge: ({ operations, nodes }) => judgeBroadcast(askedOf(operations), nodes),
  },
  'g-set': {
    about: 'a set that only grows, the same on every node in the end',
    first: null, last: call('read'),
    next: (random, number) => readOr(random, () => call('add', { element: number })),
    judge: ({ operations, nodes }) => judgeGrowOnlySet(askedOf(operations), nodes),
  },
  'g-counter': {
    about: 'a counter that only grows',
    first: null, last: call('read'),
    next: (random) => readOr(random, () => call('add', { delta: random.below(5) })),
    judge: ({ operations, nodes }) => judgeCounter(askedOf(operations), nodes),
  },
  'pn-counter': {
    about: 'a counter that grows and shrinks',
    first: null, last: call('read'),
    next: (random) => readOr(random, () => call('add', { delta: random.below(11) - 5 })),
    judge: ({ operations, nodes }) => judgeCounter(askedOf(operations), nodes),
  },
  'lin-kv': {
    about: 'a linearizable store: read, write, compare-and-swap',
    first: null, last: null,
    next: (random) => {
      const key = utf8ToBytes(String(random.below(keysInUse)))
      const value = (): Operation['key'] => utf8ToBytes(String(random.below(valuesInUse)))
      switch (random.below(3)) {
        case 0: return { type: 'get', key }
        case 1: return { type: 'put', key, value: value() }
        default: return { type: 'cas', key, expected: value(), value: value() }
      }
    },
    judge: ({ history }) => linearizable(history),
  },
  'kafka': {
    about: 'logs by key: send, poll, commit offsets; run and shown, not judged',
    first: null, last: null,
    next: (random, number) => {
      const key = String(random.below(keysInUse))
      switch (random.below(4)) {
        case 0: return call('poll', { offsets: { [key]: random.below(1 + number) } })
        case 1: return call('commit_offsets', { offsets: { [key]: random.below(1 + number) } })
        case 2: return call('list_committed_offsets', { keys: [key] })
        default: return call('send', { key, msg: number })
      }
    },
    judge: () => unjudged,
  },
  'txn-list-append': {
    about: 'transactions that read lists and append to them; run and shown, not judged',
    first: null, last: null,
    next: (random, number) => call('txn', { txn: operationsOf(random, number, 'append') }),
    judge: () => unjudged,
  },
  'txn-rw-register': {
    about: 'transactions that read and write; run and shown, not judged',
    first: null, last: null,
    next: (random, number) => call('txn', { txn: operationsOf(random, number, 'w') }),
    judge: () => unjudged,
  },
} as const satisfies Readonly<Record<string, Workload>>

export type WorkloadName = keyof typeof registry

export const workloads: Readonly<Record<WorkloadName, Workload>> = registry
export const workloadNames = Object.keys(registry) as readonly WorkloadName[]

const unjudged: WorkloadVerdict = { standing: 'unjudged', text: 'the lab has no judge for this workload; the recording shows what happened', errors: [], errorCount: 0 }

/** One to four operations of a transaction: reads, and writes of values that nobody wrote before. */
function operationsOf(random: Random, number: number, write: 'append' | 'w'): Json[] {
  return Array.from({ length: 1 + random.below(4) }, (_, index): Json => {
    const key = random.below(keysInUse)
    return random.chance(0.5) ? ['r', key, null] : [write, key, number * 10 + index]
  })
}

function linearizable(history: HistoryStanding): WorkloadVerdict {
  const text = standingSentence(history).replace(/\.$/, '')
  const errors = history.errors.map(({ why, seq, unplaced }) => ({ text: why, evidence: [unplaced, seq] }))
  switch (history.verdict) {
    case 'linearizable': return { standing: history.standing === 'not-exercised' ? 'unjudged' : 'held', text, errors: [], errorCount: 0 }
    case 'not-linearizable': return { standing: 'broken', text, errors, errorCount: errors.length }
    case 'unknown': return { standing: 'unjudged', text, errors: [], errorCount: 0 }
  }
}
