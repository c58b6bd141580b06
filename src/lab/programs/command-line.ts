// A command as a person writes it, cut into the program and its parameters. No shell reads it: quotes and backslashes keep blanks, and nothing else
// has a meaning.

/** Throws an Error of one sentence for a quote that does not end, and for an empty command. */
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
  if (quote !== '') throw new Error(`The command ${JSON.stringify(text)} has a quote that does not end.`)
  if (word !== null) words.push(word)
  const [program, ...parameters] = words
  if (program === undefined || program === '') throw new Error('The command is empty.')
  return [program, ...parameters]
}
