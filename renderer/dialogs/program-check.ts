// Asks the lab what programs would run, whenever they change; the newest question counts. It must never start one.
import { nextTick, ref, shallowRef, toRaw, watch, type Ref } from 'vue'
import type { CheckedProgram, ProgramChoice } from '../../src/contract'
import { useSessionStore } from '../stores/session'

export interface ProgramCheck {
  /** One for each program. While the lab is asked, its answer to the question before. */
  readonly checked: Readonly<Ref<readonly CheckedProgram[]>>
  /** Why the lab did not answer; empty if it did. */
  readonly refused: Readonly<Ref<string>>
  /** Resolves when `checked` is of the programs as they are. */
  readonly settled: () => Promise<void>
}

export function useProgramCheck(programs: () => readonly ProgramChoice[]): ProgramCheck {
  const session = useSessionStore()
  const checked = shallowRef<readonly CheckedProgram[]>([])
  const refused = ref('')
  let asked = 0
  let answer: Promise<void> = Promise.resolve()

  async function ask(): Promise<void> {
    const question = ++asked
    const rows = programs().map((row) => ({ ...toRaw(row) }))
    const gives = rows.length === 0 ? { checked: [] } : await session.checkPrograms(rows)
    if (question !== asked) return
    checked.value = gives?.checked ?? []
    refused.value = gives ? '' : session.refusal
  }
  watch(programs, () => { answer = ask() }, { deep: true, immediate: true })

  async function settled(): Promise<void> {
    // What was typed just now is asked in the next tick.
    await nextTick()
    for (let seen = 0; seen !== asked;) {
      seen = asked
      await answer
    }
  }

  return { checked, refused, settled }
}
