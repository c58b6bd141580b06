// Parses the options of `view-server` and `replica` without commander: loading it takes longer than the whole start of a node. This parser leaves
// any unusual input (a missing, unknown or wrong option, `--help`) to the commands, which have the error messages.
// It must never accept a value that the commands would read differently.
import { parseArgs } from 'node:util'
import { settingLimits, type NumericSetting } from '../protocol'
import type { NodeFlags, NodeKindOfItsOwn } from './run-node'
import { flagOf } from './settings-flags'

export interface NodeWords {
  readonly kind: NodeKindOfItsOwn
  readonly flags: NodeFlags
}

/** Converts the text of a flag's value; undefined if the value is invalid. */
type Reader = (text: string) => unknown

const text: Reader = (value) => value
const replication: Reader = (value) => value === 'synchronous' || value === 'asynchronous' ? value : undefined
const wholeNumberOf = ({ min, max }: { min: number; max: number }): Reader => (value) => {
  const number = Number(value)
  return /^\d+$/.test(value) && number >= min && number <= max ? number : undefined
}

interface Flag {
  /** The name of the option in `NodeFlags`. */
  readonly name: string
  readonly type: 'string' | 'boolean'
  readonly read: Reader
}

const ofBoth: Readonly<Record<string, Flag>> = {
  'listen': { name: 'listen', type: 'string', read: text }, 'journal': { name: 'journal', type: 'string', read: text },
  'replication': { name: 'replication', type: 'string', read: replication },
  ...Object.fromEntries((Object.keys(settingLimits) as NumericSetting[]).map((name): [string, Flag] => [flagOf(name).slice(2), { name, type: 'string', read: wholeNumberOf(settingLimits[name]) }])),
}
const flagsOf: Readonly<Record<NodeKindOfItsOwn, typeof ofBoth>> = {
  'view-server': { ...ofBoth, 'new-cluster': { name: 'newCluster', type: 'boolean', read: () => true } },
  'replica': { ...ofBoth, 'name': { name: 'name', type: 'string', read: text }, 'view-server': { name: 'viewServer', type: 'string', read: text } },
}
const needed: Readonly<Record<NodeKindOfItsOwn, readonly (keyof NodeFlags)[]>> = { 'view-server': ['listen'], 'replica': ['name', 'listen', 'viewServer'] }

/** The parsed command line; null if the commands must handle it. */
export function nodeWordsOf([kind, ...words]: readonly string[]): NodeWords | null {
  if (kind !== 'view-server' && kind !== 'replica') return null
  const known = flagsOf[kind]
  const given = parsed(words, known)
  if (given === null) return null
  // A repeated flag takes its last value, but every value must be valid.
  const read = Object.entries(given).map(([flag, values]) => [known[flag]?.name ?? '', values.map((value) => value === '' ? undefined : known[flag]?.read(value))] as const)
  const isWhole = read.every(([, values]) => !values.includes(undefined)) && needed[kind].every((name) => read.some(([found]) => found === name))
  return isWhole ? { kind, flags: Object.fromEntries(read.map(([name, values]) => [name, values.at(-1)])) as NodeFlags } : null
}

/** Null unless all words are known flags with values. A separate value that looks like a flag gives null too: the value may be missing. */
function parsed(words: readonly string[], known: typeof ofBoth): Record<string, string[]> | null {
  try {
    const options = Object.fromEntries(Object.entries(known).map(([flag, { type }]) => [flag, { type, multiple: true }]))
    return parseArgs({ args: [...words], options }).values as Record<string, string[]>
  } catch {
    return null
  }
}
