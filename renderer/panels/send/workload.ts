// The workload settings that a person last used, stored in this browser; the lab stores only the running workload.
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { defaultWorkload, Workload } from '../../../src/contract'

const storageKey = 'understudy.workload'

export interface WorkloadField {
  readonly name: 'rate' | 'inFlight' | 'keys' | 'valueBytes'
  readonly label: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly hint: string
}

export const workloadFields: readonly WorkloadField[] = [
  { name: 'rate', label: 'Rate', unit: 'ops/s', min: 0, max: 100_000, hint: '0: as fast as answers come' },
  { name: 'inFlight', label: 'In flight', unit: '', min: 1, max: 64, hint: 'operations of each client at once' },
  { name: 'keys', label: 'Keys', unit: '', min: 1, max: 100_000, hint: 'k0, k1, … each as likely' },
  { name: 'valueBytes', label: 'Value size', unit: 'B', min: 1, max: 65_536, hint: 'of put, append and cas' },
]

export function workloadProblem(settings: Workload): string {
  for (const field of workloadFields) {
    const value = settings[field.name]
    if (!Number.isInteger(value) || value < field.min || value > field.max) return `${field.label}: a whole number from ${field.min} to ${field.max}.`
  }
  const weights = Object.values(settings.mix)
  if (weights.some((weight) => !Number.isInteger(weight) || weight < 0 || weight > 100)) return 'Mix: whole numbers from 0 to 100.'
  return weights.every((weight) => weight === 0) ? 'Mix: at least one kind of operation.' : ''
}

function remembered(): Workload {
  try {
    const found = Workload.safeParse(JSON.parse(localStorage.getItem(storageKey) ?? 'null'))
    return found.success && workloadProblem(found.data) === '' ? found.data : structuredClone(defaultWorkload)
  } catch {
    return structuredClone(defaultWorkload) // The stored text is not ours: use the defaults.
  }
}

export const useWorkloadForm = defineStore('workload-form', () => {
  const settings = ref<Workload>(remembered())
  watch(settings, (now) => localStorage.setItem(storageKey, JSON.stringify(now)), { deep: true })

  /** The request for the lab, limited to the clients of this cluster. */
  function request(clients: readonly string[]): Workload {
    const plain = JSON.parse(JSON.stringify(settings.value)) as Workload
    return { ...plain, clients: plain.clients.filter((client) => clients.includes(client)) }
  }

  return { settings, request }
})
