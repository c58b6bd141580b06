// @vitest-environment happy-dom
import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectLab, createPortPair, defaultClusterSettings, Refusal, serveLab, type LabHandlers, type ProgramChoice } from '../../src/contract'
import { useOverlays } from '../stores/overlays'
import { noStatus, useSessionStore } from '../stores/session'
import ScenarioPrograms from './ScenarioPrograms.vue'

let dialog: VueWrapper
const asked: { name: string; programs: ProgramChoice[] }[] = []
let refusal = ''
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
const find = (selector: string): HTMLInputElement => document.querySelector<HTMLInputElement>(selector) ?? document.createElement('input')

async function run(): Promise<void> {
  document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
}

beforeEach(async () => {
  setActivePinia(createPinia())
  asked.length = 0
  refusal = ''
  const [screen, lab] = createPortPair()
  serveLab(lab, {
    checkPrograms: ({ programs }) => ({ checked: programs.map(({ command }) => ({ runs: command, folder: '/', commandProblem: command === '' ? 'The command is empty.' : '', folderProblem: '' })) }),
    runScenario: ({ name, programs }) => {
      if (refusal !== '') throw new Refusal(refusal)
      return { session: asked.push({ name, programs }) }
    },
  } as Partial<LabHandlers> as LabHandlers)
  const session = useSessionStore()
  session.lab = connectLab(screen)
  session.about = {
    version: '1', host: 'browser', lastSettings: defaultClusterSettings, status: noStatus, canPause: true, lab: '', readOnly: false,
    programs: { problem: '', folder: '/', last: [{ who: 'student', command: './mine', folder: '/x' }] },
  }
  useOverlays().openSlots({ name: 'own.yaml', title: 'Own', text: 'text', slots: [{ slot: 'student', nodes: ['s1', 's2'] }, { slot: 'other', nodes: ['c1'] }] })
  dialog = mount(ScenarioPrograms, { attachTo: document.body })
  await settle()
})
afterEach(() => dialog.unmount())

it('offers what filled a slot before, and runs when every slot has a program', async () => {
  expect(document.querySelector('[data-test="program-runs"]')?.textContent.replaceAll(/\s+/g, ' ').trim()).toBe('s1, s2 run ./mine in /')
  await run()
  expect([asked.length, document.activeElement?.id]).toEqual([0, 'slot-other-command'])
  find('#slot-other-command').value = './client'
  find('#slot-other-command').dispatchEvent(new Event('input'))
  await settle()
  await run()
  expect(asked).toEqual([{ name: 'own.yaml', programs: [{ who: 'student', command: './mine', folder: '/x' }, { who: 'other', command: './client', folder: '' }] }])
  expect(useOverlays().shown).toBeNull()
})

it('stays open with the reason when the lab refuses', async () => {
  refusal = 'There is no room for another process.'
  find('#slot-other-command').value = './client'
  find('#slot-other-command').dispatchEvent(new Event('input'))
  await settle()
  await run()
  expect(document.querySelector('[role="alert"]')?.textContent).toContain(refusal)
  expect(useOverlays().shown).toBe('scenario-programs')
})
