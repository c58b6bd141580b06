// Starts the last cluster again. A program of others must never start unless its command was shown before: then the New cluster dialog opens instead.
import { useOverlays } from './overlays'
import { useSessionStore } from './session'

export function useStartLast(): () => Promise<void> {
  const session = useSessionStore()
  const overlays = useOverlays()
  return async () => {
    const last = session.about?.lastSettings
    if (!last) return
    if (last.programs.length > 0) overlays.open('new-cluster')
    else await session.newCluster({ ...last, title: '' })
  }
}
