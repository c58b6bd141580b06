// Values as EDN text, as the Jepsen and Knossos exports write them. Reading is edn-reader.ts.
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
