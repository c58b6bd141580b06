// How a command says that it could not run: exit status 2 and one plain sentence on standard error (cli.ts does both).

/** Bad usage, a bad file, no such thing: the message is the sentence. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

/** A whole number from an option's text, for commander's parsers. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) throw new CannotRun(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text.slice(0, 40))}.`)
    return value
  }
}
