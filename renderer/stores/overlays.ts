// Which dialog is open. There must never be two at once: opening another closes the first.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { ScenarioSlot } from '../../src/contract'
import type { ExportFormat } from '../../src/export'
import type { EffectType } from '../../src/network'

export type Overlay = 'palette' | 'keys' | 'new-cluster' | 'workload' | 'scenarios' | 'scenario-programs' | 'confirm-open' | 'confirm-branch' | 'confirm-rerun' | 'explore' | 'fault' | 'break' | 'export' | 'licences'

/** A scenario that waits for the programs of its slots. `text`: of a file; empty for one of the lab's. */
export interface SlottedScenario {
  readonly name: string
  readonly title: string
  readonly text: string
  readonly slots: readonly ScenarioSlot[]
}

export const useOverlays = defineStore('overlays', () => {
  const shown = ref<Overlay | null>(null)
  /** The file to open after the confirmation that the running cluster may end. */
  const fileToOpen = shallowRef<File | null>(null)
  /** The event to branch from after the confirmation that the running cluster may end. */
  const branchSeq = ref(0)

  /** The effect that is selected when the fault dialog opens. */
  const faultEffect = ref<EffectType>('drop')

  function openFault(effect: EffectType): void {
    faultEffect.value = effect
    open('fault')
  }

  /** The format selected in the export dialog; it is remembered until the next time. */
  const exportFormat = ref<ExportFormat>('html')

  function openExport(format: ExportFormat = exportFormat.value): void {
    exportFormat.value = format
    open('export')
  }

  function openBranch(seq: number): void {
    branchSeq.value = seq
    open('confirm-branch')
  }

  /** The event to explore from; 0: from a new cluster; null: show the current exploration. */
  const exploreSeq = ref<number | null>(null)

  function openExplore(seq: number | null): void {
    exploreSeq.value = seq
    open('explore')
  }

  const slotted = shallowRef<SlottedScenario>({ name: '', title: '', text: '', slots: [] })

  function openSlots(scenario: SlottedScenario): void {
    slotted.value = scenario
    open('scenario-programs')
  }

  function open(overlay: Overlay): void {
    shown.value = overlay
  }

  function close(): void {
    shown.value = null
  }

  return { shown, fileToOpen, branchSeq, faultEffect, exportFormat, exploreSeq, slotted, open, openFault, openExport, openBranch, openExplore, openSlots, close }
})
