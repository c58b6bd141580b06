// The inboxes come to the front when the cluster freezes, and the tab before comes back when time runs again.
// A person who has chosen another tab meanwhile keeps it, and a scenario that freezes its cluster keeps its own tab.
import { computed, watch } from 'vue'
import { useLayoutStore, type CentreTab } from '../stores/layout'
import { useTraceStore } from '../stores/trace'
import { focusOn } from './focus'
import { useWorkbench } from './workbench'

export function followFreezes(): void {
  const trace = useTraceStore()
  const layout = useLayoutStore()
  const workbench = useWorkbench()
  let before: CentreTab | null = null

  const freeze = computed(() => { void trace.version; return `${trace.session} ${trace.header?.source === 'live' && trace.follow ? trace.state?.freeze ?? 0 : 0}` })

  function show(tab: CentreTab): void {
    // The narrowest window shows one panel: only a panel of the centre gives way.
    if (workbench.single === layout.tab) workbench.single = tab
    layout.tab = tab
  }

  watch(freeze, (now) => {
    const isFrozen = !now.endsWith(' 0')
    if (isFrozen && layout.tab !== 'inboxes' && layout.tab !== 'scenario') {
      before = layout.tab
      show('inboxes')
      // Into the list, so that the arrows move there, unless somebody is writing or working elsewhere.
      if (document.activeElement === document.body || document.activeElement?.closest('[data-panel="bar"]')) focusOn('.message-rows')
    } else if (!isFrozen && trace.follow) {
      if (before !== null && layout.tab === 'inboxes') show(before)
      before = null
    }
  })
}
