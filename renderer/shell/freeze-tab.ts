// Shows the inboxes when the cluster freezes, and the tab before when time runs again. It must never replace a tab that a person chose
// meanwhile, or the scenario's tab when the scenario itself freezes its cluster.
import { computed, watch } from 'vue'
import { useLayoutStore, type CentreTab } from '../stores/layout'
import { useTraceStore } from '../stores/trace'
import { focusOn } from '../commands/focus'
import { useWorkbench } from '../stores/workbench'

export function followFreezes(): void {
  const trace = useTraceStore()
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  let before: CentreTab | null = null

  const freeze = computed(() => { void trace.version; return `${trace.session} ${trace.header?.source === 'live' && trace.follow ? trace.state?.freeze ?? 0 : 0}` })

  function show(tab: CentreTab): void {
    // The narrowest window shows a single panel; it is replaced only if it is a panel of the centre.
    if (workbench.single === layout.tab) workbench.single = tab
    layout.tab = tab
  }

  watch(freeze, (now) => {
    const isFrozen = !now.endsWith(' 0')
    if (isFrozen && layout.tab !== 'inboxes' && layout.tab !== 'scenario') {
      before = layout.tab
      show('inboxes')
      // Focuses the list, so that arrow keys move there, unless the focus is in use elsewhere.
      if (document.activeElement === document.body || document.activeElement?.closest('[data-panel="bar"]')) focusOn('.message-rows')
    } else if (!isFrozen && trace.follow) {
      if (before !== null && layout.tab === 'inboxes') show(before)
      before = null
    }
  })
}
