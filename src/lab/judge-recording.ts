// Checks a recording file for conformance: does a replay of its nodes match it? For the command line and for tests of real recordings. Programs of others
// are run again only if a person names them.
import { VirtualPrograms, ProgramFolder, type ProgramSpec } from '../cluster'
import { Conformance, NoSteps, type Conformity, type ProgramsAgain } from '../check'
import type { NodeName } from '../protocol'
import { isProgram, RecordingProblem, whyNoSteps, type TraceEvent, type TraceHeader } from '../trace'
import { readRecordingFile } from './recording-file'

export interface JudgedRecording extends Conformity {
  readonly header: TraceHeader
  /** Which part of the file could not be read, and whether its last step is complete; empty if everything is. */
  readonly note: string
}

export interface JudgeOptions {
  /** Called with every event. */
  readonly onEvent?: (event: TraceEvent) => void
  /** The programs that are run again, for the nodes of this recording. */
  readonly programsOf?: (header: TraceHeader) => ReadonlyMap<NodeName, ProgramSpec>
  /** URL of the thread that guards them; needed with programs. */
  readonly guard?: string
}

/** Rejects with a `RecordingProblem` of one sentence, or with the system's error (`unreadable`). Programs without steps are left out. */
export async function judgeRecording(path: string, { onEvent = () => undefined, programsOf = noPrograms, guard = '' }: JudgeOptions = {}): Promise<JudgedRecording> {
  let conformance: Conformance | undefined
  let folder: ProgramFolder | undefined
  let programs: VirtualPrograms | undefined
  try {
    const { header, note } = await readRecordingFile(path, {
      begin: (first) => {
        const specs = programsOf(first)
        const why = specs.size > 0 ? '' : whyNoSteps(first)
        if (why !== '') throw new RecordingProblem(`${why}: nothing can be stepped again.`)
        if (specs.size > 0) {
          folder = new ProgramFolder()
          programs = new VirtualPrograms({ programs: specs, folder: folder.path, guardProgram: new URL(guard), levelMin: 1, failure: failureOf })
        }
        conformance = new Conformance(first, programs ? programsAgain(first, programs) : null)
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
  } finally {
    programs?.close()
    await folder?.close()
  }
}

const noPrograms = (): ReadonlyMap<NodeName, ProgramSpec> => new Map()

function programsAgain(header: TraceHeader, programs: VirtualPrograms): ProgramsAgain {
  return {
    has: (node) => isProgram(header.nodes, node) && programs.commands.has(node),
    make: (start, out) => {
      try {
        return programs.make(start, header.nodes, out)
      } catch (error) {
        // One that does not even start its steps has none to give again.
        throw error instanceof NoSteps ? error : new NoSteps(error instanceof Error ? error.message : String(error))
      }
    },
    ended: (node) => programs.ended(node),
  }
}

function failureOf({ type, reason }: { readonly type: 'ended' | 'cannot'; readonly reason: string }): Error {
  return type === 'cannot' ? new NoSteps(reason) : new Error(`the program ended: ${reason}`)
}
