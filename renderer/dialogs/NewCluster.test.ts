// @vitest-environment happy-dom
import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { connectLab, createPortPair, defaultClusterSettings, Refusal, serveLab, type CheckedProgram, type ClusterSettings, type LabHandlers, type ProgramChoice } from '../../src/contract'
import { useOverlays } from '../stores/overlays'
import { noStatus, useSessionStore } from '../stores/session'
import NewCluster from './NewCluster.vue'

let dialog: VueWrapper
const asked: ClusterSettings[] = []
let refusal = ''
const python: ProgramChoice = { who: 's2', command: 'python3 replica.py', folder: '' }
/** As the lab does it, with less to see. */
const check = ({ command }: ProgramChoice): CheckedProgram => command.trim() === ''
  ? { runs: '', folder: '', commandProblem: 'The command is empty.', folderProblem: '' }
  : { runs: command, folder: '/home/me', commandProblem: '', folderProblem: '' }

function input(name: string): HTMLInputElement {
  return document.querySelector<HTMLInputElement>(`#cluster-${name}`) ?? document.createElement('input')
}

async function type(name: string, text: string): Promise<void> {
  await typeIn(input(name), text)
}

async function typeIn(field: HTMLInputElement, text: string): Promise<void> {
  field.value = text
  field.dispatchEvent(new Event('input'))
  await new Promise((resolve) => setTimeout(resolve))
}

async function submit(): Promise<void> {
  document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await new Promise((resolve) => setTimeout(resolve))
}

describe('the New cluster dialog', () => {
  beforeEach(async () => {
    setActivePinia(createPinia())
    asked.length = 0
    refusal = ''
    const [screen, lab] = createPortPair()
    serveLab(lab, {
      newCluster: (settings) => {
        if (refusal !== '') throw new Refusal(refusal)
        asked.push(settings)
        return { session: 1 }
      },
      checkPrograms: ({ programs }) => ({ checked: programs.map(check) }),
    } as Partial<LabHandlers> as LabHandlers)
    const session = useSessionStore()
    session.lab = connectLab(screen)
    session.connection = 'open'
    session.about = { version: '1', host: 'browser', lastSettings: { ...defaultClusterSettings, replicas: 5, title: 'last week' }, status: noStatus, canPause: true, lab: '', readOnly: false, programs: { problem: '', folder: '/home/me', last: [python] } }
    useOverlays().open('new-cluster')
    dialog = mount(NewCluster, { attachTo: document.body })
    await nextTick()
  })
  afterEach(() => dialog.unmount())

  it('begins with the last settings, and a new title', async () => {
    expect(input('replicas').value).toBe('5')
    await submit()
    expect(asked).toEqual([{ ...defaultClusterSettings, replicas: 5, title: '' }])
    expect(useOverlays().shown).toBeNull()
  })

  it('says at the field what is wrong, and starts nothing', async () => {
    await type('backupsWanted', '9')
    expect(document.querySelector('#cluster-backupsWanted-says')?.textContent).toContain('0 to 4')
    expect(input('backupsWanted').getAttribute('aria-invalid')).toBe('true')
    await submit()
    expect(asked).toEqual([])
  })

  it('goes back to the course default in one click', async () => {
    await type('pingIntervalMs', '20')
    document.querySelector<HTMLElement>('button.chip')?.click()
    await nextTick()
    expect([input('replicas').value, input('pingIntervalMs').value]).toEqual(['3', '100'])
  })

  it('stays open with the reason when the lab refuses', async () => {
    refusal = 'There is no room for another process.'
    await submit()
    expect(document.querySelector('[role="alert"]')?.textContent).toContain(refusal)
    expect(useOverlays().shown).toBe('new-cluster')
  })

  const find = (selector: string): HTMLElement => document.querySelector<HTMLElement>(selector) ?? document.createElement('div')
  const rowTexts = (): (string | null)[] => [...document.querySelectorAll('[data-test="program-runs"]')].map((line) => line.textContent.replaceAll(/\s+/g, ' ').trim())
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

  it('offers the program that ran last, shows what will run, and starts the cluster with it', async () => {
    find('[data-test="program-add"]').click()
    await settle()
    expect(document.activeElement?.id).toBe('program-0-who')
    expect(rowTexts()).toEqual(['s2 runs python3 replica.py in /home/me'])
    expect(find('[data-test="no-sandbox"]').textContent).toContain('The lab is no sandbox.')
    await submit()
    expect(asked.map(({ programs }) => programs)).toEqual([[python]])
    expect(useSessionStore().about?.lastSettings.programs).toEqual([python])
  })

  it('counts an empty command as a mistake once a person wants to start, and goes to it', async () => {
    find('[data-test="program-add"]').click()
    await settle()
    await typeIn(find('#program-0-command') as HTMLInputElement, '')
    expect(find('#program-0-command-says').textContent).toBe('')
    await submit()
    expect(find('#program-0-command-says').textContent).toContain('The command is empty.')
    expect([document.activeElement?.id, asked.length]).toEqual(['program-0-command', 0])
  })

  it('starts nothing before the lab has looked at what was typed just now', async () => {
    find('[data-test="program-add"]').click()
    await settle()
    const command = find('#program-0-command') as HTMLInputElement
    command.value = ''
    command.dispatchEvent(new Event('input'))
    await submit()
    expect(asked).toEqual([])
  })

  it('says of a row whose node is gone that it is, and removes the row by a button', async () => {
    find('[data-test="program-add"]').click()
    await settle()
    await type('replicas', '1')
    await type('backupsWanted', '0')
    expect(find('#program-0-who-says').textContent).toContain('There is no s2 in this cluster.')
    await submit()
    expect(asked).toEqual([])
    find('[aria-label="Remove program 1"]').click()
    await settle()
    await submit()
    expect(asked.map(({ programs }) => programs)).toEqual([[]])
  })

  it('in a lab that serves others says why it takes none', async () => {
    const session = useSessionStore()
    if (session.about) session.about = { ...session.about, programs: { problem: 'This lab serves other people.', folder: '', last: [] } }
    await nextTick()
    expect(find('[aria-labelledby="programs-title"]').textContent).toContain('This lab serves other people.')
    expect(document.querySelector('[data-test="program-add"]')).toBeNull()
  })
})
