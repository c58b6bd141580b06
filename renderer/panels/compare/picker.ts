// How a file is picked to be compared with: by the window's own field for files, from the panel, a key or the palette.
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useComparePicker = defineStore('compare-picker', () => {
  /** The field; null before the window is there. */
  const field = ref<HTMLInputElement | null>(null)

  function pick(): void {
    field.value?.click()
  }

  /** The file that was picked, once. */
  function taken(): File | undefined {
    const file = field.value?.files?.[0]
    if (field.value) field.value.value = ''
    return file
  }

  return { field, pick, taken }
})
