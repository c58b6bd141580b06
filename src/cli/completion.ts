// `completion SHELL`: prints a script that completes commands, options and values in a shell. It is generated from the commands themselves.
import { Argument, type Command } from 'commander'
import { shapeOf, type CommandShape } from './command-shape'
import { bashCompletion } from './completion-bash'
import { fishCompletion } from './completion-fish'
import { zshCompletion } from './completion-zsh'

export const completions = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Record<string, (program: CommandShape) => string>

type Shell = keyof typeof completions

export function completionCommand(wholeTree: () => Promise<Command>) {
  return (program: Command): void => {
    program.command('completion').addArgument(new Argument('<shell>', 'the shell that reads it').choices(Object.keys(completions)))
      .description('prints what a shell loads to complete commands, options and values')
      .action(async (shell: Shell) => {
        process.stdout.write(completions[shell](shapeOf(await wholeTree())))
      })
  }
}
