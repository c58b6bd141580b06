// Finds the scenarios that fail on the simulator with a mutant, with `run` in a child process, as a person would run it.
import { execFile } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MutantName } from '../protocol'
import { atEnd, killChild, makeTemporaryFolder } from '../system'
import { CannotRun } from './cannot-run'

/** The part of a scenario report that is read here. */
interface Report {
  readonly suites: readonly { readonly scenarios: readonly { readonly file: string; readonly state: string }[] }[]
}

/** Names of the failing scenarios as `folder/name`; without a mutant, those that fail anyway. */
export async function scenariosThatFail(mutant: MutantName | ''): Promise<string[]> {
  // A run keeps the recordings of failed scenarios in the temporary folder. Nobody needs them here, so the child gets its own folder.
  const folder = makeTemporaryFolder('mutants')
  try {
    const { suites } = JSON.parse(await reportOf(mutant, { ...process.env, TMPDIR: folder.path, TEMP: folder.path, TMP: folder.path })) as Report
    const failed = suites.flatMap(({ scenarios }) => scenarios).filter(({ state }) => state !== 'passed')
    return failed.map(({ file }) => `${basename(dirname(file))}/${basename(file, '.yaml')}`)
  } finally {
    folder.remove()
  }
}

const reportBytesMax = 64 * 1024 * 1024

function reportOf(mutant: MutantName | '', env: NodeJS.ProcessEnv): Promise<string> {
  const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const flags = ['run', beside('../../scenarios'), '--on', 'simulator', '--report', 'json', ...mutant === '' ? [] : ['--mutant', mutant]]
  return new Promise((settle, reject) => {
    const child = execFile(process.execPath, [beside('./cli.js'), ...flags], { env, maxBuffer: reportBytesMax }, (error, stdout, stderr) => {
      isOver()
      // Status 1: a scenario failed, as the report says.
      if (!error || error.code === 1) return settle(stdout)
      reject(new CannotRun(`The scenarios could not be run: ${stderr.trim().split('\n').at(-1) || `their process ended with ${error.signal ?? error.code ?? error.message}.`}`))
    })
    // SIGTERM, not SIGKILL: it must end its own child processes.
    const isOver = atEnd(() => killChild(child))
  })
}
