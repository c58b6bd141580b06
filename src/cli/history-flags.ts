// Flags of `check --history` and of `import` for facts that a foreign history does not contain.
import { Option, type Command } from 'commander'
import { historyModels, isEdnValue, missingReads, type HistoryModel, type HistoryOptions, type MissingReads } from '../export'
import { CannotRun } from './cannot-run'

export type HistoryFlags = Pick<HistoryOptions, 'missing' | 'initial' | 'model'>

export function withHistoryFlags(command: Command): Command {
  return command
    .addOption(new Option('--missing <reads>', 'of a history: what reading a missing key gives (any: nil then says nothing); without it, told from the reads').choices(missingReads).argParser(oneOf('--missing', missingReads)))
    .option('--initial <value>', 'of a history: what every key holds at the beginning, as EDN, like 0 or \'"a"\'; without it, nothing', ednValue)
    .addOption(new Option('--model <model>', 'of a history without :key: whether a :value is of one register, or [key value] (keys); without it, told from the values').choices(historyModels).argParser(oneOf('--model', historyModels)))
}

function oneOf<Word extends HistoryModel | MissingReads>(name: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((known) => known === text)
    if (word === undefined) throw new CannotRun(`${name} is ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, not ${JSON.stringify(text.slice(0, 40))}.`)
    return word
  }
}

function ednValue(text: string): string {
  if (!isEdnValue(text)) throw new CannotRun(`--initial takes one value of EDN, like 0 or '"a"', not ${JSON.stringify(text.slice(0, 40))}.`)
  return text
}
