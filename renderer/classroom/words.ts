// A class in words: each lab's state, its problems, how long ago something happened. Pure.
import type { ClassEntry, ClassList } from '../../src/contract'
import type { Meaning } from '../glyphs/names'
import { counted } from '../../src/trace'

export interface StateWords {
  readonly kind: '' | 'live' | 'frozen' | 'recorded' | 'warn'
  readonly text: string
  readonly glyph: Meaning
}

export function stateWords({ state, frozen }: Pick<ClassEntry, 'state' | 'frozen'>): StateWords {
  switch (state) {
    case 'none': return { kind: '', text: 'No cluster', glyph: 'none' }
    case 'starting': return { kind: '', text: 'Starting', glyph: 'started' }
    case 'live': return frozen ? { kind: 'frozen', text: 'Frozen', glyph: 'held' } : { kind: 'live', text: 'Live', glyph: 'ok' }
    case 'recorded': return { kind: 'recorded', text: 'Recording', glyph: 'none' }
    case 'ended': return { kind: '', text: 'Ended', glyph: 'dead' }
  }
}

/** "now", "12 s ago", "4 min ago", "2 h ago", "never". */
export function agoText(ms: number | null): string {
  if (ms === null) return 'never'
  const seconds = Math.floor(ms / 1000)
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`
}

/** How its rules stand: "none broken", "rule 1, at-most-once broken", or "not judged here". */
export function rulesText({ state, broken }: Pick<ClassEntry, 'state' | 'broken'>): string {
  if (state === 'none') return ''
  if (broken === null) return 'not judged here'
  return broken.length === 0 ? 'none broken' : `${broken.map(({ rule }) => rule.replace(/^rule-/, 'rule ')).join(', ')} broken`
}

/** The disk space used and its limit: "6.4 of 512 MiB". */
export function diskText(bytes: number, maxMiB: number): string {
  const mib = bytes / 1024 / 1024
  return `${mib < 10 ? mib.toFixed(1) : Math.round(mib)} of ${maxMiB} MiB`
}

/** "20 labs, 14 with a window open, 2 with a broken rule, 1 stuck". */
export function summary(labs: readonly ClassEntry[]): string {
  const open = labs.filter(({ screens }) => screens > 0).length
  const broken = labs.filter((lab) => (lab.broken?.length ?? 0) > 0).length
  const stuck = labs.filter((lab) => lab.stuck !== '').length
  return [
    counted(labs.length, 'lab'), `${open} with a window open`,
    ...(broken > 0 ? [`${broken} with a broken rule`] : []), ...(stuck > 0 ? [`${stuck} stuck`] : []),
  ].join(', ')
}

/** The addresses of all labs, one lab a line, to send to a class. */
export function addressList(labs: readonly ClassEntry[]): string {
  return labs.map(({ number, address }) => `Lab ${number}: ${address}`).join('\n')
}

/** "failover · view 3: s2 primary, s3 backup · scenario running". */
export function sessionText({ title, view, scenario }: Pick<ClassEntry, 'title' | 'view' | 'scenario'>): string {
  return [title, view, scenario === null ? '' : `scenario ${scenario.state}`].filter((part) => part !== '').join(' · ')
}

/** "open", "2 open", "closed 4 min ago", "never opened". */
export function windowText({ screens, seenMsAgo }: Pick<ClassEntry, 'screens' | 'seenMsAgo'>): string {
  if (screens > 0) return screens === 1 ? 'open' : `${screens} open`
  return seenMsAgo === null ? 'never opened' : `closed ${agoText(seenMsAgo)}`
}

export function limitsText({ processesMax, startsPerMinute, operationsPerSecond, intervalMsMin }: ClassList['limits']): string {
  return `Each lab: ${processesMax} processes, ${startsPerMinute} starts a minute, ${operationsPerSecond} operations a second, no interval below ${intervalMsMin} ms`
}
