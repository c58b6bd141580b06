// The scenarios of the lab, read once when they are first needed, and again after a refused reading.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ScenarioEntry } from '../../src/contract'
import { useSessionStore } from './session'

export const useScenarios = defineStore('scenarios', () => {
  const session = useSessionStore()
  const list = shallowRef<readonly ScenarioEntry[]>([])
  const isLoaded = ref(false)
  /** Why the list could not be read; empty if there is no problem. */
  const problem = ref('')
  const count = computed(() => list.value.length)
  let isWanted = false

  async function load(): Promise<void> {
    isWanted = true
    if (isLoaded.value || session.lab === null) return
    const gives = await session.listScenarios()
    problem.value = gives === undefined ? session.refusal : ''
    if (gives === undefined) return
    list.value = gives.scenarios
    isLoaded.value = true
  }
  watch(() => session.lab, () => { if (isWanted) void load() })

  return { list, isLoaded, problem, count, load }
})
