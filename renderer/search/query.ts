// What a search asks for, as data: terms that must all hold. Which fields exist, what they mean, and how a query is written back as text.
// Pure. It must say nothing of how a query is read (parse.ts) or held against events (match.ts).

/** Fields that are compared as names: equal, or beginning alike with `*` at the end. */
export const nameFields = ['kind', 'type', 'from', 'to', 'node', 'client', 'op', 'key', 'value', 'rule'] as const
export type NameField = (typeof nameFields)[number]
/** Fields that are compared as numbers. */
export const numberFields = ['view', 'seq', 'at'] as const
export type NumberField = (typeof numberFields)[number]
export type Field = NameField | NumberField

/** What each field is, for the help and the completion; with an example of what may follow it. */
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

/** `isOpen`: what begins with this text too. */
export interface Name { readonly text: string; readonly isOpen: boolean }
export type Bound = '>' | '>=' | '<' | '<='
export type Range =
  | { readonly type: 'bound'; readonly bound: Bound; readonly value: number }
  /** Both ends belong to it; null: no end there. A single number has two equal ends. */
  | { readonly type: 'span'; readonly from: number | null; readonly to: number | null }

export type Term =
  | { readonly type: 'words'; readonly isNot: boolean; readonly text: string }
  /** Any of the names. */
  | { readonly type: 'names'; readonly isNot: boolean; readonly field: NameField; readonly names: readonly Name[] }
  /** Any of the ranges. */
  | { readonly type: 'numbers'; readonly isNot: boolean; readonly field: NumberField; readonly ranges: readonly Range[] }

/** All of them hold; without any, everything is found. */
export type Query = readonly Term[]

/** A query as text that is read as the same query. */
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

/** Words that follow one another are read as one phrase, so the second of two phrases stands in quotes. */
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

/** In quotes, as a query says what would mean something otherwise. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}
