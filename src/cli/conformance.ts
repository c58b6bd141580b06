// `conformance RECORDING...`: every node of a recording is stepped again and must have had the recorded effects. Standard output says how
// each file went, as sentences or as JSON lines. A file that cannot be read does not keep the others from being judged.
import type { Command } from 'commander'
import { differenceSentence } from '../check'
import { judgeRecording, type JudgedRecording } from '../lab'
import { grouped, RecordingProblem } from '../trace'

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string

export function conformanceCommand(program: Command): void {
  program.command('conformance').argument('<recordings...>', 'files (.jsonl, .jsonl.gz)')
    .description('steps every node of a recording again and compares its effects with the recorded ones')
    .option('--json', 'one line of JSON for each file')
    .action(conformance)
}

async function conformance(paths: readonly string[], { json = false }: { json?: boolean }): Promise<void> {
  let status = 0
  for (const path of paths) {
    const began = performance.now()
    try {
      const judged = await judgeRecording(path)
      const seconds = (performance.now() - began) / 1000
      process.stdout.write(`${json ? jsonLine(path, judged, seconds) : sentences(path, judged, seconds)}\n`)
      if (judged.difference) status = Math.max(status, 1)
    } catch (error) {
      if (!(error instanceof RecordingProblem)) throw error
      if (json) process.stdout.write(`${JSON.stringify({ recording: path, conforms: null, problem: error.message })}\n`)
      process.stderr.write(`${path}: ${error.message}\n`)
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

/** What another version of the protocol did may differ, and need not: its effects are compared all the same. */
function protocolNote(hash: string, differs: boolean): string {
  if (hash === __PROTOCOL_HASH__) return ''
  const made = hash === '' ? 'It does not say which version of the protocol made it' : `Another version of the protocol made it (${hash}, not ${__PROTOCOL_HASH__})`
  return `${made}; ${differs ? 'up to there the effects agree' : 'the effects agree all the same'}.`
}

function jsonLine(path: string, { difference, events, steps, lives, note, header }: JudgedRecording, seconds: number): string {
  const { protocolHash } = header
  return JSON.stringify({
    recording: path, conforms: difference === null, difference, events, steps, lives, note, seconds: Math.round(seconds * 1000) / 1000,
    protocolHash, sameProtocol: protocolHash === __PROTOCOL_HASH__,
  })
}
