// The operations of the replicated store, each described once. Codecs, recordings, scenarios, forms and command lines read this table, so a new
// operation is a line here, its effect in application.ts, and its meaning for the checkers; the compiler names those places.
import type { ByteString } from './byte-string'
import type { InOwnWords } from './json'
import type { Result } from './messages'

/** What a field holds: bytes, or bytes or null, which stands for a missing key. */
export type FieldKind = 'bytes' | 'bytes-or-missing'

/**
 * `code`: its number on the wire, never used again. `fields`: what it carries beside its key, in the order of wire, recording and text.
 * `results`: all that it can give.
 */
interface OperationForm {
  readonly code: number
  readonly fields: Readonly<Record<string, FieldKind>>
  readonly results: readonly Result['type'][]
}

const forms = {
  put: { code: 1, fields: { value: 'bytes' }, results: ['done'] },
  append: { code: 2, fields: { value: 'bytes' }, results: ['done', 'too-large'] },
  get: { code: 3, fields: {}, results: ['value', 'missing'] },
  delete: { code: 4, fields: {}, results: ['done', 'missing'] },
  // Compare-and-swap: writes `value` if the key holds `expected`; null expects a missing key.
  cas: { code: 5, fields: { expected: 'bytes-or-missing', value: 'bytes' }, results: ['done', 'mismatch'] },
} as const satisfies Readonly<Record<string, OperationForm>>

export type OperationType = keyof typeof forms

type Held<Kind, Bytes> = Kind extends 'bytes-or-missing' ? Bytes | null : Bytes
type FieldsOf<Type extends OperationType> = typeof forms[Type]['fields']

/** The shape of an operation whose bytes are given as `Bytes`: byte strings in the protocol, text in recordings and requests. */
export type OperationOf<Bytes> = {
  [Type in OperationType]: { readonly type: Type; readonly key: Bytes } & { readonly [Name in keyof FieldsOf<Type>]: Held<FieldsOf<Type>[Name], Bytes> }
}[OperationType]

/** An operation of one key. Keys have at most 64 KiB, each field 8 MiB. */
export type Operation = OperationOf<ByteString>

/** A request in a program's own words, for its target, without the number that the client adds. Clients of this protocol refuse it. */
export interface Call extends InOwnWords {
  readonly type: 'call'
}

/** In the order of the table. */
export const operationTypes = Object.keys(forms) as readonly OperationType[]

/** A table with an entry for each operation. */
export function perOperation<Entry>(make: (type: OperationType) => Entry): Record<OperationType, Entry> {
  return Object.fromEntries(operationTypes.map((type) => [type, make(type)])) as Record<OperationType, Entry>
}

export const isOperationType = (word: string): word is OperationType => Object.hasOwn(forms, word)

export interface OperationField {
  readonly name: string
  readonly kind: FieldKind
}

const fields = perOperation((type): readonly OperationField[] => Object.entries<FieldKind>(forms[type].fields).map(([name, kind]) => ({ name, kind })))

/** What an operation carries beside its key, in order. */
export const fieldsOf = (type: OperationType): readonly OperationField[] => fields[type]

/** A table with an entry for each field of an operation, by its name. */
export function perField<Entry>(type: OperationType, make: (kind: FieldKind) => Entry): Record<string, Entry> {
  return Object.fromEntries(fields[type].map(({ name, kind }) => [name, make(kind)]))
}

/** The results that an operation can give, whatever the store holds. */
export const resultsOf = (type: OperationType): readonly Result['type'][] => forms[type].results

/** The number of an operation on the wire. */
export const codeOf = (type: OperationType): number => forms[type].code

const typeByCode: (OperationType | undefined)[] = []
for (const type of operationTypes) typeByCode[codeOf(type)] = type

/** Undefined for a number that no operation has. */
export const typeOfCode = (code: number): OperationType | undefined => typeByCode[code]

/** Makes an operation out of its parts. `hold` gives each field, in order; null only for a field that may be missing. */
export function makeOperation<Bytes extends string>(type: OperationType, key: Bytes, hold: (field: OperationField) => Bytes | null): OperationOf<Bytes> {
  const made: Record<string, string | null> = { type, key }
  for (const field of fields[type]) made[field.name] = hold(field)
  return made as unknown as OperationOf<Bytes>
}

/** What an operation carries in one of its fields. */
export function heldIn<Bytes extends string>(operation: { readonly key: Bytes }, { name }: OperationField): Bytes | null {
  return (operation as Readonly<Record<string, unknown>>)[name] as Bytes | null
}

/** The same operation with its bytes in another form; a missing value stays missing. */
export function withBytes<From extends string, To extends string>(operation: OperationOf<From>, convert: (bytes: From) => To): OperationOf<To> {
  return makeOperation(operation.type, convert(operation.key), (field) => {
    const held = heldIn(operation, field)
    return held === null ? null : convert(held)
  })
}

/** The sum of the lengths of its key and fields; for a call, of its JSON text. */
export function bytesOfOperation(operation: Operation | Call): number {
  if (operation.type === 'call') return JSON.stringify(operation.body).length
  let sum = operation.key.length
  for (const field of fields[operation.type]) sum += heldIn(operation, field)?.length ?? 0
  return sum
}
