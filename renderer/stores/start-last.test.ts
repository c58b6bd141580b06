// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'
import { connectLab, createPortPair, defaultClusterSettings, serveLab, type ClusterSettings, type LabHandlers } from '../../src/contract'
import { useOverlays } from './overlays'
import { noStatus, useSessionStore } from './session'
import { useStartLast } from './start-last'

const program = { who: 's2', command: 'run', folder: '' }

it.each([
  ['of our nodes starts at once', [], 1, null], ['with a program is shown first: its command could be of any day', [program], 0, 'new-cluster'],
])('the last cluster %s', async (_how, programs, started, shown) => {
  setActivePinia(createPinia())
  const asked: ClusterSettings[] = []
  const [screen, lab] = createPortPair()
  serveLab(lab, { newCluster: (settings) => ({ session: asked.push(settings) }) } as Partial<LabHandlers> as LabHandlers)
  const session = useSessionStore()
  session.lab = connectLab(screen)
  session.about = {
    version: '1', host: 'browser', lastSettings: { ...defaultClusterSettings, programs }, status: noStatus, canPause: true, lab: '', readOnly: false,
    programs: { problem: '', folder: '/', last: [] },
  }
  await useStartLast()()
  expect([asked.length, useOverlays().shown]).toEqual([started, shown])
})
