// Values as EDN text, as the Jepsen and Knossos exports write them. Reading is edn-reader.ts.
import { visible } from '../trace'

/** A string in one line: what is not seen becomes `\n`, `\t`, `\r` or `\uNNNN`, which are EDN's own escapes. */
export function ednString(text: string): string {
  return `"${visible(text.replaceAll(/["\\]/g, '\\$&'))}"`
}

/** `nil` stands for a missing key. */
export function ednStringOrNil(text: string | null): string {
  return text === null ? 'nil' : ednString(text)
}
