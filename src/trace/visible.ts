// Makes text from a cluster safe to read: it escapes characters that are invisible or that change how the rest is displayed.
// It must never quote for a format or a page: their writers do that after this.

// Control characters, line and paragraph separators, zero-width and bidirectional marks, and halves of surrogate pairs.
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\ud800-\udfff]/gu

const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One line without invisible characters: a line feed becomes `\n`, a right-to-left override `\u202e`. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => names[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
