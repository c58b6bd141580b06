// What is open in a narrow window: drawers, and the one panel of the narrowest. Not remembered: it follows the window, not the person.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CentreTab } from '../stores/layout'

export type SinglePanel = CentreTab | 'cluster' | 'send' | 'inspector' | 'timeline'

export const useWorkbench = defineStore('workbench', () => {
  const single = ref<SinglePanel>('cluster')
  const inspectorDrawer = ref(false)
  const leftDrawer = ref(false)

  function closeDrawers(): void {
    inspectorDrawer.value = false
    leftDrawer.value = false
  }

  return { single, inspectorDrawer, leftDrawer, closeDrawers }
})
