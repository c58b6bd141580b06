// All output of the commands. Names, titles, values and sentences may come from foreign files and clusters, and a terminal executes control
// characters. So invisible characters are written out (`\u001b`), and a text cannot start a new line.
// Commands must print only through this file; only a value that a script asked for goes out unchanged.
// A standalone node does not load this file, to start faster: its log holds only its own sentences.
import { visible } from '../trace/visible'

/** Each line on standard output. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(visible).join('\n')}\n`)
}

/** One line of JSON on standard output: the same value for a parser, without invisible characters. */
export function printJson(value: unknown): void {
  printJsonText(JSON.stringify(value))
}

/** Like `printJson`, for a text that is JSON already. */
export function printJsonText(text: string): void {
  process.stdout.write(`${visible(text)}\n`)
}

/** Prints a requested value: unchanged for a script, with invisible characters written out on a terminal. */
export function printValue(value: string): void {
  process.stdout.write(`${process.stdout.isTTY ? visible(value) : value}\n`)
}

/** Text of several lines for standard output: unchanged for a file or pipe; on a terminal invisible characters except line breaks are written out. */
export function asGiven(text: string): string {
  return process.stdout.isTTY ? text.split(/\r?\n/).map(visible).join('\n') : text
}

/** Each sentence on standard error. */
export function say(...sentences: readonly string[]): void {
  if (sentences.length > 0) process.stderr.write(`${sentences.map(visible).join('\n')}\n`)
}
