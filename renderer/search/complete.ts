// Completions at the caret of the search field: fields, or values of the field at the caret. Pure.
import type { EventType, TraceHeader } from '../../src/trace'
import { eventTypes } from '../../src/trace'
import { messageKinds, operationTypes } from '../../src/protocol'
import { typeWords } from './match'
import { fieldWords, fields, quoted, type Field } from './query'

export interface Completion {
  /** The text that replaces `from` to `to`. */
  readonly text: string
  readonly hint: string
}

export interface Completions {
  readonly from: number
  readonly to: number
  readonly options: readonly Completion[]
}

/** The names in this session that completions can use. */
export interface CompletionFacts {
  readonly nodes: TraceHeader['nodes']
  readonly keys: readonly string[]
}

/** Most options that are offered at once. */
export const optionsMax = 40

export function completionsAt(text: string, caret: number, facts: CompletionFacts): Completions {
  const before = text.slice(0, caret)
  const term = /(?:^|\s)-?([^\s"]*)$/.exec(before)?.[1]
  if (term === undefined) return { from: caret, to: caret, options: [] }
  const colon = term.indexOf(':')
  if (colon === -1) {
    return of(caret - term.length, caret, fields.filter((field) => field.startsWith(term.toLowerCase()))
      .map((field) => ({ text: `${field}:`, hint: fieldWords[field].means })))
  }
  const field = term.slice(0, colon).toLowerCase() as Field
  const value = term.slice(Math.max(colon, term.lastIndexOf(',')) + 1)
  const fitting = valuesOf(field, facts).filter((option) => option.text.toLowerCase().startsWith(value.toLowerCase()) && option.text !== value)
  return of(caret - value.length, caret, fitting)
}

function of(from: number, to: number, options: readonly Completion[]): Completions {
  return { from, to, options: options.slice(0, optionsMax) }
}

function valuesOf(field: Field, { nodes, keys }: CompletionFacts): Completion[] {
  const named = (names: readonly string[], hint = ''): Completion[] => names.map((text) => ({ text, hint }))
  switch (field) {
    case 'kind': return named(messageKinds, 'message')
    case 'type': return eventTypes.map((type) => ({ text: shortWord(type), hint: type }))
    case 'from': case 'to': case 'node': return nodes.map(({ name, kind }) => ({ text: name, hint: kind.replace('-', ' ') }))
    case 'client': return named(nodes.filter(({ kind }) => kind === 'client').map(({ name }) => name), 'client')
    case 'op': return named(operationTypes)
    case 'key': return named(keys.map((key) => /^[^\s",*]+$/.test(key) ? key : quoted(key)), 'key')
    case 'rule': return named(['1', '2', '3', '4', '5', '6'])
    default: return []
  }
}

/** The shortest common word for a type. */
function shortWord(type: EventType): string {
  const words = typeWords(type)
  return type === 'message-dropped' ? 'lost' : words[1] ?? type
}
