// Plays a scenario and shows its steps. A refusal is in `session.refusal`, and changes nothing.
import type { ProgramChoice } from '../../src/contract'
import { useLayoutStore } from '../stores/layout'
import { useOverlays } from '../stores/overlays'
import { useSessionStore } from '../stores/session'
import { useWorkbench } from '../stores/workbench'

/** The result says whether it plays. */
export function usePlayScenario(): (name: string, text: string, programs?: readonly ProgramChoice[]) => Promise<boolean> {
  const session = useSessionStore()
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  const overlays = useOverlays()
  return async (name, text, programs = []) => {
    if (await session.runScenario(name, text, programs) === undefined) return false
    layout.tab = 'scenario'
    workbench.single = 'scenario'
    overlays.close()
    return true
  }
}
