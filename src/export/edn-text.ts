// Values as EDN text, as the Jepsen and Knossos exports write them. Reading is edn-reader.ts.
import type { Json } from '../protocol'
import { visible } from '../trace'
import { withBefore } from './escape'

/** A string on one line: invisible characters become `\n`, `\t`, `\r` or `\uNNNN`, which are EDN's own escapes. */
export function ednString(text: string): string {
  return `"${visible(withBefore(withBefore(text, '\\', '\\'), '"', '\\'))}"`
}

/** `nil` stands for a missing key. */
export function ednStringOrNil(text: string | null): string {
  return text === null ? 'nil' : ednString(text)
}

/** A JSON value as EDN: objects become maps whose keys are strings. */
export function ednOfJson(value: Json): string {
  if (value === null) return 'nil'
  if (typeof value === 'string') return ednString(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(ednOfJson).join(' ')}]`
  return `{${Object.entries(value).map(([name, part]) => `${ednString(name)} ${ednOfJson(part)}`).join(' ')}}`
}
