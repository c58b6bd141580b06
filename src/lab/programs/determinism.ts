// Whether programs answer alike to the same input: after a run, each is started again and given its recorded inputs. It must never take a program without
// steps for one that answers alike: of such a one it says nothing.
import type { ProgramSpec } from '../../cluster'
import { differenceSentence } from '../../check'
import type { NodeName } from '../../protocol'
import { judgeRecording } from '../judge-recording'

/** Empty if they do, or have no steps; else a sentence with the first difference. `guard`: URL of the thread that guards programs. */
export async function determinismProblem(recordingPath: string, programs: ReadonlyMap<NodeName, ProgramSpec>, guard: string): Promise<string> {
  if (programs.size === 0 || guard === '') return ''
  const { difference } = await judgeRecording(recordingPath, { programsOf: () => programs, guard })
  // A node of ours that differs is another matter: `conformance` is about that.
  if (difference === null || !programs.has(difference.node)) return ''
  return `${difference.node} does not answer alike to the same input, so that its runs cannot be repeated exactly. ${differenceSentence(difference)}`
}
