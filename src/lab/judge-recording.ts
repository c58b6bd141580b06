// Checks a recording file for conformance: does a replay of its nodes match it? For the command line and for tests of real recordings.
import { Conformance, type Conformity } from '../check'
import { RecordingProblem, whyNoSteps, type TraceEvent, type TraceHeader } from '../trace'
import { readRecordingFile } from './recording-file'

export interface JudgedRecording extends Conformity {
  readonly header: TraceHeader
  /** Which part of the file could not be read, and whether its last step is complete; empty if everything is. */
  readonly note: string
}

/** `onEvent` is called with every event. Rejects with a `RecordingProblem` of one sentence, or with the system's error (`unreadable`). */
export async function judgeRecording(path: string, onEvent: (event: TraceEvent) => void = () => undefined): Promise<JudgedRecording> {
  let conformance: Conformance | undefined
  const { header, note } = await readRecordingFile(path, {
    begin: (first) => {
      const why = whyNoSteps(first)
      if (why !== '') throw new RecordingProblem(`${why}: nothing can be stepped again.`)
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
}
