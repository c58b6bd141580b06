// Picks the file to compare with, through the window's only file field for it; used by the panel, a key and the palette.
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useComparePicker = defineStore('compare-picker', () => {
  /** The file field; null before the window is mounted. */
  const field = ref<HTMLInputElement | null>(null)

  function pick(): void {
    field.value?.click()
  }

  /** The picked file; returned only once. */
  function taken(): File | undefined {
    const file = field.value?.files?.[0]
    if (field.value) field.value.value = ''
    return file
  }

  return { field, pick, taken }
})
