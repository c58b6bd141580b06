// The words after `view-server` and `replica`, read without the package that reads all other commands: loading that and what it lists takes
// longer than a node's whole start. Anything unusual (a word that is missing, unknown or wrong, a question for help) is not read here: it
// is left to the commands, which find the sentence for it. It must never take a word for something else than the commands would.
import { settingLimits, type NumericSetting } from '../protocol'
import type { NodeFlags, NodeKindOfItsOwn } from './run-node'
import { flagOf } from './settings-flags'

export interface NodeWords {
  readonly kind: NodeKindOfItsOwn
  readonly flags: NodeFlags
}

/** The text of a flag's value; undefined if it is not one. */
type Reader = (text: string) => unknown

const text: Reader = (value) => value
const replication: Reader = (value) => value === 'synchronous' || value === 'asynchronous' ? value : undefined
const wholeNumberOf = ({ min, max }: { min: number; max: number }): Reader => (value) => {
  const number = Number(value)
  return /^\d+$/.test(value) && number >= min && number <= max ? number : undefined
}

const ofBoth: Readonly<Record<string, readonly [string, Reader]>> = {
  '--listen': ['listen', text], '--journal': ['journal', text], '--replication': ['replication', replication],
  ...Object.fromEntries((Object.keys(settingLimits) as NumericSetting[]).map((name) => [flagOf(name), [name, wholeNumberOf(settingLimits[name])]])),
}
const ofReplica: typeof ofBoth = { ...ofBoth, '--name': ['name', text], '--view-server': ['viewServer', text] }

/** What the words of a command line ask for; null where the commands must look at them. */
export function nodeWordsOf([kind, ...words]: readonly string[]): NodeWords | null {
  if (kind !== 'view-server' && kind !== 'replica') return null
  const known = kind === 'replica' ? ofReplica : ofBoth
  const flags: Record<string, unknown> = {}
  for (let at = 0; at < words.length;) {
    const word = words[at++] ?? ''
    if (word === '--new-cluster' && kind === 'view-server') {
      flags['newCluster'] = true
      continue
    }
    const equals = word.indexOf('=')
    const flag = equals === -1 ? word : word.slice(0, equals)
    const [name, read] = Object.hasOwn(known, flag) ? known[flag] ?? [] : []
    const given = equals === -1 ? words[at++] ?? '' : word.slice(equals + 1)
    // A value that begins with a dash may be a flag whose own value was forgotten.
    const value = given === '' || given.startsWith('-') ? undefined : read?.(given)
    if (name === undefined || value === undefined) return null
    flags[name] = value
  }
  const needed = kind === 'replica' ? ['name', 'listen', 'viewServer'] : ['listen']
  return needed.every((name) => name in flags) ? { kind, flags: flags as NodeFlags } : null
}
