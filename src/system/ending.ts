// Ends a program after an error: one sentence on standard error and exit status 2, for any error thrown anywhere. The stack appears only on
// request. It must never exit with status 1 ("judged wrong") for a failure of the machine.
import { writeSync } from 'node:fs'
import { visible } from '../trace/visible'
import { CannotRun } from './cannot-run'
import { isOfProcess, isOfTheSystem, reasonOf } from './reasons'

/** Exit status of a program that could not run. */
export const cannotRunStatus = 2

/** If this variable is set, a bug is reported with its stack. */
const stackVariable = 'UNDERSTUDY_STACK'

/** The sentences for an error: its own, the system's reason, or a sentence that calls it a bug. */
function sentencesOf(error: unknown): readonly string[] {
  return error instanceof CannotRun ? error.sentences : sentenceOf(error).split('\n')
}

/** The same as one text. */
export function sentenceOf(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  if (error instanceof CannotRun) return error.message
  if (isOfTheSystem(error)) return systemSentence(error)
  if (environment[stackVariable]) return `A mistake of Understudy: ${error instanceof Error ? error.stack ?? error.message : String(error)}`
  return `A mistake of Understudy: ${reasonOf(error)}. Set ${stackVariable}=1 to see where.`
}

function systemSentence(error: Error & { readonly syscall?: string; readonly path?: string }): string {
  const { syscall, path } = error
  if (isOfProcess(error)) return `A process could not be started: ${reasonOf(error)}.`
  const what = path !== undefined ? `${path} cannot be used` : syscall === undefined ? 'The system refused' : `The system refused (${syscall})`
  return `${what}: ${reasonOf(error)}.`
}

/**
 * Writes the sentences to standard error, each on its own line, and ignores a failed write. Invisible characters are made visible, because a name
 * in a sentence may come from an unknown source. The write is synchronous: the program may end right after.
 */
export function say(...sentences: readonly string[]): void {
  try {
    writeSync(2, `${sentences.map(visible).join('\n')}\n`)
  } catch {
    // Standard error is closed or its disk is full; the exit status still reports the error.
  }
}

/** True if the reader of standard output has closed it, as `| head` does: that needs no message. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE' && 'syscall' in error && error.syscall === 'write'
}

/** Reports an error that ends a program, and returns the exit status. */
export function endOf(error: unknown): number {
  if (!isReaderGone(error)) say(...sentencesOf(error))
  return cannotRunStatus
}

type Uncaught = (error: unknown) => 'ends' | 'stays'

let uncaught: Uncaught = () => 'ends'
let isWatched = false

/**
 * Ends the program with a sentence after an uncaught error or rejection. `before` may clean up, and may decide that the program stays. A later call
 * replaces an earlier one.
 */
export function endOnUncaught(before: Uncaught = () => 'ends'): void {
  uncaught = before
  if (isWatched) return
  isWatched = true
  // A failed write to standard error must not become another uncaught error.
  process.stderr.on('error', () => undefined)
  process.on('uncaughtException', (error) => {
    if (uncaught(error) === 'stays') return say(...sentencesOf(error))
    process.exit(endOf(error))
  })
}

/** For a running lab: after a failure of the machine the lab stays; a bug ends it. */
export function stayUnlessOurs(error: unknown): 'ends' | 'stays' {
  return isOfTheSystem(error) || error instanceof CannotRun ? 'stays' : 'ends'
}
