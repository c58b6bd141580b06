// A command as a person writes it, cut into the program and its parameters. No shell reads it: quotes and backslashes keep blanks, and nothing else
// has a meaning.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CannotRun, reasonOf } from '../../system'

/** A text that names a file is that file, whatever blanks it has. A program that is a path is found from `folder`. Throws a CannotRun. */
export function commandIn(folder: string, text: string): [string, ...string[]] {
  const path = resolve(folder, text)
  if (text !== '' && existsSync(path) && statSync(path).isFile()) return [path]
  const [program, ...parameters] = wordsOfCommand(text)
  return [program.includes('/') ? resolve(folder, program) : program, ...parameters]
}

/** The path of a folder that is there. Throws a CannotRun. */
export function folderOf(text: string): string {
  const path = resolve(text)
  if (!existsSync(path)) throw new CannotRun(`The program cannot run in ${text}: there is no such folder.`)
  try {
    if (statSync(path).isDirectory()) return path
  } catch (error) {
    throw new CannotRun(`The program cannot run in ${text}: ${reasonOf(error)}.`)
  }
  throw new CannotRun(`${text} is no folder.`)
}

/** Throws a CannotRun for a quote that does not end, and for an empty command. */
export function wordsOfCommand(text: string): [string, ...string[]] {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '\\' && quote !== '\'' && at + 1 < text.length) word = (word ?? '') + (text[++at] ?? '')
    else if (quote !== '') {
      if (character === quote) quote = ''
      else word = (word ?? '') + character
    } else if (character === '"' || character === '\'') {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + character
  }
  if (quote !== '') throw new CannotRun(`The command ${JSON.stringify(text)} has a quote that does not end.`)
  if (word !== null) words.push(word)
  const [program, ...parameters] = words
  if (program === undefined || program === '') throw new CannotRun('The command is empty.')
  return [program, ...parameters]
}

/** One line that wordsOfCommand reads as these words. */
export function lineOfCommand(words: readonly string[]): string {
  return words.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`).join(' ')
}
