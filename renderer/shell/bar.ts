// Words and numbers of the bar, as functions of what is so. Pure.
import type { SessionStatus } from '../../src/contract'
import { mutants, type MutantName } from '../../src/protocol'
import type { IconName, Meaning } from '../glyphs/names'
import type { Connection } from '../stores/session'

export interface Chip {
  readonly kind: '' | 'live' | 'frozen' | 'recorded' | 'warn'
  readonly text: string
  readonly glyph?: Meaning
  readonly icon?: IconName
}

/** What the chip says: the connection first, since nothing else is sure without it. */
export function chipOf(connection: Connection, status: SessionStatus): Chip {
  if (connection === 'reconnecting') return { kind: 'warn', text: 'Reconnecting', glyph: 'warn' }
  if (connection === 'refused') return { kind: 'warn', text: 'Not connected', glyph: 'warn' }
  if (connection === 'connecting') return { kind: '', text: 'Connecting', glyph: 'none' }
  switch (status.kind) {
    case 'none': return { kind: '', text: 'No cluster', glyph: 'none' }
    case 'starting': return { kind: '', text: 'Starting', glyph: 'started' }
    case 'live': return status.frozen ? { kind: 'frozen', text: 'Frozen', glyph: 'held' } : { kind: 'live', text: 'Live', glyph: 'ok' }
    case 'recorded': return { kind: 'recorded', text: 'Recorded', icon: 'play' }
    case 'ended': return { kind: '', text: 'Ended', glyph: 'dead' }
  }
}

/** 00:42.2, or 1:00:42.2 from an hour on. */
export function clockText(micros: number): string {
  const tenths = Math.floor(micros / 100_000)
  const seconds = Math.floor(tenths / 10)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}.${tenths % 10}`
  return hours === 0 ? rest : `${hours}:${rest}`
}

/** Cluster time in seconds with three digits: "42.216 s". */
export function secondsText(micros: number): string {
  return `${(micros / 1_000_000).toFixed(3)} s`
}

/** Thin spaces between thousands. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/** What is broken on purpose in the whole session; undefined where nothing is. */
export function brokenChip(names: readonly MutantName[]): { readonly text: string; readonly title: string } | undefined {
  if (names.length === 0) return undefined
  const rules = [...new Set(names.map((name) => mutants[name].rule).filter((rule) => rule > 0))]
  const what = rules.length === 0 ? 'The protocol is' : rules.length === 1 ? `Rule ${rules[0]}` : `Rules ${rules.join(', ')}`
  const more = rules.length > 0 && names.some((name) => mutants[name].rule === 0) ? ' and more' : ''
  return { text: `${what}${more} broken`, title: `On purpose: ${names.map((name) => mutants[name].does).join(' ')}` }
}
