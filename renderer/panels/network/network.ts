// A person's acts on the network, from the matrix, the fault list, the presets and the palette. An impossible act is refused with its
// reason. The lists show the moment of the cursor, but acts affect the session as it is now.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { anywhere, atOnce, breakText, courseUnreliable, type BreakCondition, type Fault, type FaultPlan } from '../../../src/network'
import { useSessionStore } from '../../stores/session'
import { useTraceStore } from '../../stores/trace'
import { cutName, matrixOf, type Cell } from './matrix'

/** The name of the fault that the "Unreliable" button switches. */
export const unreliableName = 'unreliable mode'

export const useNetwork = defineStore('network', () => {
  const session = useSessionStore()
  const trace = useTraceStore()

  const rows = computed(() => { void trace.version; return trace.state ? matrixOf(trace.state) : [] })
  const faults = computed(() => { void trace.version; return [...trace.state?.faults.entries() ?? []].map(([name, facts]) => ({ name, facts: { ...facts } })) })
  const breaks = computed(() => { void trace.version; return [...trace.state?.breaks.values() ?? []] })
  const nodes = computed(() => trace.header?.nodes ?? [])
  /** The fault names in use now, even if the cursor shows an earlier moment. */
  const taken = computed(() => { void trace.version; return new Set(trace.tail?.faults.keys() ?? []) })
  const isUnreliable = computed(() => { void trace.version; return trace.tail?.faults.get(unreliableName)?.isOn ?? false })

  const refused = (): boolean => {
    if (session.liveProblem === '') return false
    session.refuse(session.liveProblem)
    return true
  }

  async function addFault(fault: Fault, plan: FaultPlan = atOnce): Promise<boolean> {
    if (refused()) return false
    return await session.act({ type: 'add-fault', fault, plan }, plan.inMs > 0 ? `Planned: ${fault.name}.` : `The network now has: ${fault.name}.`) !== undefined
  }

  async function removeFault(name: string): Promise<void> {
    if (!refused()) await session.act({ type: 'remove-fault', fault: name }, `Mended: ${name}.`)
  }

  async function switchFault(name: string, isOn: boolean): Promise<void> {
    if (!refused()) await session.act({ type: 'switch-fault', fault: name, isOn }, `${isOn ? 'On' : 'Off'}: ${name}.`)
  }

  /** Cuts one direction of a link, or heals it if the matrix cut it. */
  async function toggleCut({ from, to, kind, cutBy }: Cell): Promise<void> {
    if (refused()) return
    const name = cutName(from, to)
    if (taken.value.has(name)) return removeFault(name)
    if (kind === 'cut') return session.refuse(`${from} to ${to} is cut by "${cutBy}": switch that off, or remove it.`)
    await addFault({ name, where: { from: [from], to: [to], kinds: [] }, bothWays: false, effect: { type: 'cut' }, times: 0 })
  }

  async function toggleUnreliable(): Promise<void> {
    if (isUnreliable.value || taken.value.has(unreliableName)) return removeFault(unreliableName)
    await addFault({ name: unreliableName, where: anywhere, bothWays: false, effect: courseUnreliable, times: 0 })
  }

  async function mendAll(): Promise<void> {
    if (refused()) return
    const names = [...taken.value]
    if (names.length === 0) return session.refuse('There is no fault to mend.')
    for (const name of names) if (await session.act({ type: 'remove-fault', fault: name }, '') === undefined) return
    session.say(`Mended: ${names.length === 1 ? names[0] : `${names.length} faults`}.`)
  }

  async function addBreak(condition: BreakCondition): Promise<boolean> {
    if (refused()) return false
    return await session.act({ type: 'add-break', condition }, `The cluster freezes when ${breakText(condition)}.`) !== undefined
  }

  async function removeBreak(name: string): Promise<void> {
    if (!refused()) await session.act({ type: 'remove-break', name }, 'It no longer freezes by itself there.')
  }

  return {
    rows, faults, breaks, nodes, taken, isUnreliable, addFault, removeFault, switchFault, toggleCut, toggleUnreliable, mendAll, addBreak, removeBreak,
  }
})
