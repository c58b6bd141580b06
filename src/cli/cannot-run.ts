// The error for a command that could not run (src/system/cannot-run.ts), and the parser that refuses bad numbers in options.
import { CannotRun } from '../system/cannot-run'

export { CannotRun }

/** A parser for commander: a whole number from `min` to `max`. It throws a CannotRun for anything else. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) throw new CannotRun(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text.slice(0, 40))}.`)
    return value
  }
}
