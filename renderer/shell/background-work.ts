// The one long piece of work that a person waits for (a file that goes or comes), with its progress and its cancel.
// A second one is refused while the first goes on. What it does is files.ts.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useSessionStore } from '../stores/session'

export const useBackgroundWork = defineStore('background-work', () => {
  /** Empty: nothing goes on. */
  const title = ref('')
  const done = ref(0)
  const total = ref(0)
  let isCancelled = false

  /** Runs work that reports bytes to `progress`, which answers false when it must stop. */
  async function run(name: string, work: (progress: (done: number, total: number) => boolean) => Promise<unknown>): Promise<void> {
    if (title.value !== '') {
      useSessionStore().refuse(`${title.value} is still going on.`)
      return
    }
    title.value = name
    done.value = 0
    total.value = 0
    isCancelled = false
    try {
      await work((now, of) => {
        done.value = now
        total.value = of
        return !isCancelled
      })
    } catch (error) {
      useSessionStore().refuse(error instanceof Error ? error.message : String(error))
    } finally {
      title.value = ''
    }
  }

  function cancel(): void {
    isCancelled = true
  }

  return { title, done, total, run, cancel }
})
