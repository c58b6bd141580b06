// What is open in a narrow window: the drawers, and the single panel of the narrowest layout. It must never be stored in the browser,
// because it depends on the window and not on the person.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CentreTab } from './layout'

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
