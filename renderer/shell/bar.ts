// The words and numbers of the bar. Pure.
import type { SessionStatus } from '../../src/contract'
import { mutants, type MutantName } from '../../src/protocol'
import type { IconName, Meaning } from '../glyphs/names'
import { behindText } from '../stores/lag'
import type { Connection } from '../stores/session'

export interface Chip {
  readonly kind: '' | 'live' | 'frozen' | 'recorded' | 'warn'
  readonly text: string
  readonly glyph?: Meaning
  readonly icon?: IconName
}

/** The text of the chip: a connection problem first, because nothing else is certain then; next how far the window is behind the lab. */
export function chipOf(connection: Connection, status: SessionStatus, behindMs = 0): Chip {
  if (connection === 'reconnecting') return { kind: 'warn', text: 'Reconnecting', glyph: 'warn' }
  if (connection === 'refused') return { kind: 'warn', text: 'Not connected', glyph: 'warn' }
  if (connection === 'connecting') return { kind: '', text: 'Connecting', glyph: 'none' }
  switch (status.kind) {
    case 'none': return { kind: '', text: 'No cluster', glyph: 'none' }
    case 'starting': return { kind: '', text: 'Starting', glyph: 'started' }
    case 'live':
      if (behindText(behindMs) !== '') return { kind: 'warn', text: behindText(behindMs), glyph: 'warn' }
      return status.frozen ? { kind: 'frozen', text: 'Frozen', glyph: 'held' } : { kind: 'live', text: 'Live', glyph: 'ok' }
    case 'recorded': return { kind: 'recorded', text: 'Recorded', icon: 'play' }
    case 'ended': return { kind: '', text: 'Ended', glyph: 'dead' }
  }
}

/** The chip about the mutants of the session; undefined without one. */
export function brokenChip(names: readonly MutantName[]): { readonly text: string; readonly title: string } | undefined {
  if (names.length === 0) return undefined
  const rules = [...new Set(names.map((name) => mutants[name].rule).filter((rule) => rule > 0))]
  const what = rules.length === 0 ? 'The protocol is' : rules.length === 1 ? `Rule ${rules[0]}` : `Rules ${rules.join(', ')}`
  const more = rules.length > 0 && names.some((name) => mutants[name].rule === 0) ? ' and more' : ''
  return { text: `${what}${more} broken`, title: `On purpose: ${names.map((name) => mutants[name].does).join(' ')}` }
}
