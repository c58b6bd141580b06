// Runs the built command line in this process, for `npm start`, `npm run lab` and the package's command `understudy`.
// It must start no second Node: that would add start time, and memory for as long as the command runs.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, say } from './install.mjs'

/**
 * The working directory of the caller, which relative paths refer to. `npm run` and `npm start`, also with `--prefix`, change to the script's
 * package and put the caller's directory into INIT_CWD. `npx` does not change it. A process that a script starts elsewhere inherits npm's variables;
 * for it the current directory counts.
 */
export function folderOfThePerson(environment = process.env, current = process.cwd()) {
  const { INIT_CWD: called, npm_lifecycle_event: event, npm_package_json: described } = environment
  const isScript = event !== undefined && event !== 'npx' && described !== undefined && existsSync(described) && realpathSync(dirname(described)) === realpathSync(current)
  return isScript && called && existsSync(called) ? called : current
}

/** Runs the arguments as a command; exits with one sentence and status 2 if this copy has no build. */
export async function runCommandLine(words) {
  const program = join(root, 'out/main/cli.js')
  if (!existsSync(program)) {
    say(`This copy of Understudy is not whole: ${program} is missing. Install it again.`)
    process.exit(2)
  }
  const folder = folderOfThePerson()
  if (folder !== process.cwd()) process.chdir(folder)
  // The command line reads its arguments from here.
  process.argv = [process.execPath, program, ...words]
  await import(pathToFileURL(program).href)
}
