// Which dialog lies over the window. One at a time: opening another closes the first.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

export type Overlay = 'palette' | 'keys' | 'new-cluster' | 'workload' | 'confirm-open'

export const useOverlays = defineStore('overlays', () => {
  const shown = ref<Overlay | null>(null)
  /** The file that waits for "yes, end the running cluster". */
  const fileToOpen = shallowRef<File | null>(null)

  function open(overlay: Overlay): void {
    shown.value = overlay
  }

  function close(): void {
    shown.value = null
  }

  return { shown, fileToOpen, open, close }
})
