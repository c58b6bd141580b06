// @vitest-environment happy-dom
// A view caused by a stall of the machine names the stall, even at the event of the view, although a stall is recorded only at its end.
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'
import { defaultSettings } from '../../../src/protocol'
import { World } from '../../../src/sim'
import type { TraceEvent } from '../../../src/trace'
import { useTraceStore } from '../../stores/trace'
import { eventFacts } from '../inspector/event-facts'
import ViewsPanel from './ViewsPanel.vue'

it('says at the cursor what was told of the machine later, as the inspector does', async () => {
  setActivePinia(createPinia())
  const events: TraceEvent[] = []
  const world = new World({ title: '', seed: '1', replicas: 3, clients: 0, settings: defaultSettings, onEvent: (event) => events.push(event) })
  world.run(500)
  // Simulates a stall with a pause; its event is removed below, because a stalled process is silent without an event.
  world.pause('s1')
  world.run(700)
  world.tell({ type: 'stalled', node: 's1', ms: 640 })
  const told = events.filter(({ type }) => type !== 'node-paused').map((event, index) => ({ ...event, seq: index + 1 }))
  const changed = told.find((event) => event.type === 'view-changed' && event.view.viewnum === 3) as TraceEvent
  const trace = useTraceStore()
  trace.reset(1, world.header)
  trace.take(told)
  const panel = mount(ViewsPanel)
  const why = (): string => panel.findAll('.cause')[0]?.text() ?? ''
  const sentence = 's1 missed its pings, s2 takes over as primary, s3 joins as backup. s1 missed its pings because this machine stalled for 640 ms, not because of a failure.'
  expect(why()).toBe(sentence)
  trace.goTo(changed.seq)
  await panel.vm.$nextTick()
  expect(why()).toBe(sentence)
  expect(eventFacts(changed, undefined, trace.tail).sentence).toBe(`view 3: s2 primary, s3 backup. ${sentence}`)
})
