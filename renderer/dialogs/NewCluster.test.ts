// @vitest-environment happy-dom
import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { connectLab, createPortPair, defaultClusterSettings, Refusal, serveLab, type ClusterSettings, type LabHandlers } from '../../src/contract'
import { useOverlays } from '../stores/overlays'
import { noStatus, useSessionStore } from '../stores/session'
import NewCluster from './NewCluster.vue'

let dialog: VueWrapper
const asked: ClusterSettings[] = []
let refusal = ''

function input(name: string): HTMLInputElement {
  return document.querySelector<HTMLInputElement>(`#cluster-${name}`) ?? document.createElement('input')
}

async function type(name: string, text: string): Promise<void> {
  input(name).value = text
  input(name).dispatchEvent(new Event('input'))
  await nextTick()
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
    } as Partial<LabHandlers> as LabHandlers)
    const session = useSessionStore()
    session.lab = connectLab(screen)
    session.connection = 'open'
    session.about = { version: '1', host: 'browser', lastSettings: { ...defaultClusterSettings, replicas: 5, title: 'last week' }, status: noStatus, canPause: true, lab: '', readOnly: false }
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
})
