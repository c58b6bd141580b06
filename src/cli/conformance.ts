// `conformance RECORDING...`: replays every node of a recording and compares the effects with the recorded ones. Standard output reports each
// file, as sentences or as JSON lines. An unreadable file must not keep the others from being judged.
import type { Command } from 'commander'
import { differenceSentence } from '../check'
import { judgeRecording, programsAgain, unreadable, type JudgedRecording } from '../lab'
import { grouped, RecordingProblem } from '../trace'
import { addProgramFlags, givenPrograms, type NamedProgram } from './program-flag'
import { printJson, printLines, say } from './terminal'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function conformanceCommand(program: Command): void {
  const command = program.command('conformance').argument('<recordings...>', 'files (.jsonl, .jsonl.gz)')
    .description('steps every node of a recording again and compares its effects with the recorded ones')
    .option('--json', 'one line of JSON for each file')
  addProgramFlags(command).action(conformance)
}

interface ConformanceOptions {
  readonly json?: boolean
  readonly program: readonly NamedProgram[]
  readonly cwd: string
}

async function conformance(paths: readonly string[], { json = false, program, cwd }: ConformanceOptions): Promise<void> {
  const given = givenPrograms(program, cwd)
  let status = 0
  for (const path of paths) {
    const began = performance.now()
    try {
      const judged = await judgeRecording(path, { programsOf: ({ nodes, dialect }) => programsAgain(nodes, dialect, given), guard: new URL('./program-guard.js', import.meta.url).href })
      const seconds = (performance.now() - began) / 1000
      if (json) printJson(jsonOf(path, judged, seconds))
      else printLines([sentences(path, judged, seconds)])
      if (judged.difference) status = Math.max(status, 1)
    } catch (error) {
      const problem = unreadable(path, error)
      if (json) printJson({ recording: path, conforms: null, problem: error instanceof RecordingProblem ? error.message : problem })
      say(problem)
      status = 2
    }
  }
  process.exitCode = status
}

function sentences(path: string, { difference, events, steps, lives, note, header }: JudgedRecording, seconds: number): string {
  const how = difference ? `differs. ${differenceSentence(difference)}` : 'conforms.'
  const many = `${grouped(events)} events, ${grouped(steps)} steps, ${grouped(lives)} lives, ${seconds.toFixed(2)} s.`
  return [`${path} ${how}`, many, note, protocolNote(header.protocolHash, difference !== null)].filter((sentence) => sentence !== '').join(' ')
}

/** The effects are compared even if another version of the protocol made the recording; the note says so. */
function protocolNote(hash: string, differs: boolean): string {
  if (hash === __PROTOCOL_HASH__) return ''
  const made = hash === '' ? 'It does not say which version of the protocol made it' : `Another version of the protocol made it (${hash}, not ${__PROTOCOL_HASH__})`
  return `${made}; ${differs ? 'up to there the effects agree' : 'the effects agree all the same'}.`
}

function jsonOf(path: string, { difference, events, steps, lives, note, header }: JudgedRecording, seconds: number): object {
  const { protocolHash } = header
  return {
    recording: path, conforms: difference === null, difference, events, steps, lives, note, seconds: Math.round(seconds * 1000) / 1000,
    protocolHash, sameProtocol: protocolHash === __PROTOCOL_HASH__,
  }
}
