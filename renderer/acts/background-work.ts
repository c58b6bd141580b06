// The one long task that a person waits for (the transfer of a file), with its progress and cancel.
// It must never run two tasks at once: a second one is refused. files.ts has the tasks.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useSessionStore } from '../stores/session'

export const useBackgroundWork = defineStore('background-work', () => {
  /** The title of the running task; empty: none. */
  const title = ref('')
  const done = ref(0)
  const total = ref(0)
  let isCancelled = false

  /** Runs a task that reports bytes to `progress`; `progress` returns false when the task must stop. */
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
