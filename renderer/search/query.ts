// A query as data: terms that must all match. Also the fields with their meaning, and how a query is printed as text.
// Pure. It must never define how a query is parsed (parse.ts) or matched (match.ts).

/** Fields that are compared as names: equal, or with the same beginning if the name ends with `*`. */
export const nameFields = ['kind', 'type', 'from', 'to', 'node', 'client', 'op', 'key', 'value', 'rule'] as const
export type NameField = (typeof nameFields)[number]
/** Fields that are compared as numbers. */
export const numberFields = ['view', 'seq', 'at'] as const
export type NumberField = (typeof numberFields)[number]
export type Field = NameField | NumberField

/** The meaning of each field with an example, for the help and the completion. */
export const fieldWords: Readonly<Record<Field, { readonly means: string; readonly example: string }>> = {
  kind: { means: 'kind of message, or of event', example: 'kind:forward,reply' },
  type: { means: 'what happened: sent, taken, lost, killed …', example: 'type:lost' },
  from: { means: 'sender of the message', example: 'from:s1' },
  to: { means: 'receiver of the message', example: 'to:s2' },
  node: { means: 'process that the line belongs to', example: 'node:s2' },
  client: { means: 'client whose operation it is', example: 'client:c1' },
  op: { means: 'kind of operation', example: 'op:put' },
  key: { means: 'key that is written or read', example: 'key:a' },
  value: { means: 'value that is written or was read', example: 'value:2' },
  view: { means: 'number of the view', example: 'view:>2' },
  seq: { means: 'number of the event', example: 'seq:100..200' },
  at: { means: 'cluster time in seconds', example: 'at:>1.5' },
  rule: { means: 'rule that was broken', example: 'rule:1' },
}
export const fields: readonly Field[] = Object.keys(fieldWords) as Field[]

/** `isOpen`: also matches names that begin with this text. */
export interface Name { readonly text: string; readonly isOpen: boolean }
export type Bound = '>' | '>=' | '<' | '<='
export type Range =
  | { readonly type: 'bound'; readonly bound: Bound; readonly value: number }
  /** Both ends are inclusive; null: no limit. A single number has two equal ends. */
  | { readonly type: 'span'; readonly from: number | null; readonly to: number | null }

export type Term =
  | { readonly type: 'words'; readonly isNot: boolean; readonly text: string }
  /** Matches any of the names. */
  | { readonly type: 'names'; readonly isNot: boolean; readonly field: NameField; readonly names: readonly Name[] }
  /** Matches any of the ranges. */
  | { readonly type: 'numbers'; readonly isNot: boolean; readonly field: NumberField; readonly ranges: readonly Range[] }

/** All terms must match; an empty query matches every event. */
export type Query = readonly Term[]

/** A query as text that parses to the same query. */
export function printQuery(query: Query): string {
  return query.map((term, index) => {
    const sign = term.isNot ? '-' : ''
    switch (term.type) {
      case 'words': return sign + printWords(term, query[index - 1])
      case 'names': return `${sign}${term.field}:${term.names.map(printName).join(',')}`
      case 'numbers': return `${sign}${term.field}:${term.ranges.map(printRange).join(',')}`
    }
  }).join(' ')
}

/** Adjacent words are parsed as one phrase, so the second of two phrases is printed in quotes. */
function printWords({ text, isNot }: Extract<Term, { type: 'words' }>, before: Term | undefined): string {
  const isPlain = text.split(' ').every((word) => /^[^\s":-][^\s":]*$/.test(word))
  const isApart = before?.type !== 'words' || before.isNot
  return isPlain && (isNot ? !text.includes(' ') : isApart) ? text : quoted(text)
}

function printName({ text, isOpen }: Name): string {
  const isPlain = /^[^\s",*]+$/.test(text)
  return `${isPlain ? text : quoted(text)}${isOpen ? '*' : ''}`
}

function printRange(range: Range): string {
  if (range.type === 'bound') return `${range.bound}${range.value}`
  if (range.from !== null && range.from === range.to) return String(range.from)
  return `${range.from ?? ''}..${range.to ?? ''}`
}

/** A text in quotes, for text that would have another meaning without them. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}
