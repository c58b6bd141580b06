// The shapes of scripts/command-line.mjs, which stays plain JavaScript because it runs before anything is installed.
export function folderOfThePerson(environment?: NodeJS.ProcessEnv, current?: string): string
export function runCommandLine(words: readonly string[]): Promise<void>
