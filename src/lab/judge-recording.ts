// A recording's file, judged: is it what its nodes did? For the command line and for tests of real recordings.
import { Conformance, type Conformity } from '../check'
import { RecordingProblem, type TraceEvent, type TraceHeader } from '../trace'
import { reasonOf } from './folders'
import { readRecordingFile } from './recording-file'

export interface JudgedRecording extends Conformity {
  readonly header: TraceHeader
  /** What of the file could not be read, and whether its last step is whole; empty if all is. */
  readonly note: string
}

/** `onEvent` sees every event. Rejects with a `RecordingProblem` of one sentence for a file that cannot be read. */
export async function judgeRecording(path: string, onEvent: (event: TraceEvent) => void = () => undefined): Promise<JudgedRecording> {
  let conformance: Conformance | undefined
  try {
    const { header, note } = await readRecordingFile(path, {
      begin: (first) => {
        if (first.source === 'imported') throw new RecordingProblem('This is an imported history: it has operations and no processes, so nothing can be stepped again.')
        conformance = new Conformance(first)
      },
      take: ({ events }) => {
        for (const event of events) {
          conformance?.take(event)
          onEvent(event)
        }
      },
    })
    const conformity = (conformance ?? new Conformance(header)).finish()
    return { ...conformity, header, note: [note, conformity.note].filter((sentence) => sentence !== '').join(' ') }
  } catch (error) {
    if (error instanceof RecordingProblem) throw error
    throw new RecordingProblem(`${path} cannot be read: ${reasonOf(error)}.`)
  }
}
