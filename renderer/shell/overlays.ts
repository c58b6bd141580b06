// Which dialog lies over the window. One at a time: opening another closes the first.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { ExportFormat } from '../../src/export'
import type { EffectChoice } from '../panels/network/fault-form'

export type Overlay = 'palette' | 'keys' | 'new-cluster' | 'workload' | 'scenarios' | 'confirm-open' | 'confirm-branch' | 'confirm-rerun' | 'explore' | 'fault' | 'break' | 'export'

export const useOverlays = defineStore('overlays', () => {
  const shown = ref<Overlay | null>(null)
  /** The file that waits for "yes, end the running cluster". */
  const fileToOpen = shallowRef<File | null>(null)
  /** The event that waits for "yes, end it and branch". */
  const branchSeq = ref(0)

  /** What the fault dialog begins with. */
  const faultEffect = ref<EffectChoice>('drop')

  function openFault(effect: EffectChoice): void {
    faultEffect.value = effect
    open('fault')
  }

  /** The format that the export dialog begins with, and ends with. */
  const exportFormat = ref<ExportFormat>('html')

  function openExport(format: ExportFormat = exportFormat.value): void {
    exportFormat.value = format
    open('export')
  }

  function openBranch(seq: number): void {
    branchSeq.value = seq
    open('confirm-branch')
  }

  /** What is to be explored: from this event on (0: from a new cluster). Null: the exploration that there is is shown. */
  const exploreSeq = ref<number | null>(null)

  function openExplore(seq: number | null): void {
    exploreSeq.value = seq
    open('explore')
  }

  function open(overlay: Overlay): void {
    shown.value = overlay
  }

  function close(): void {
    shown.value = null
  }

  return { shown, fileToOpen, branchSeq, faultEffect, exportFormat, exploreSeq, open, openFault, openExport, openBranch, openExplore, close }
})
