// A stall of the machine explains a silence only if it covers it, and never if something else explains it.
import { describe, expect, it } from 'vitest'
import { anywhere, atOnce } from '../network'
import { defaultSettings } from '../protocol'
import { traceVersion, type EventBody, type TraceHeader } from './event'
import { stalledViewsText, viewCauseText } from './explain'
import { beginState, foldEvent, type ClusterState } from './fold'

type Timed = EventBody & { readonly at: number }

describe('why a server seemed silent', () => {
  const header: TraceHeader = {
    understudy: 'recording', version: traceVersion, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '', parent: null,
    nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }],
  }
  const server = (name: string) => ({ name, incarnation: 1, address: '' })
  const view = (viewnum: number, primary: string, backup: string) => ({ viewnum, primary: server(primary), backups: [server(backup)] })
  const fault = { name: 'f', where: anywhere, bothWays: false, effect: { type: 'cut' as const }, times: 0 }
  const added = (where: Partial<typeof anywhere>): Timed => ({ at: 900_000, type: 'fault-added', fault: 'f', text: '', rule: { ...fault, where: { ...anywhere, ...where } }, plan: atOnce, isOn: true })
  const stalled = (at: number, node: string, ms: number): Timed => ({ at: at * 1000, type: 'stalled', node, ms })
  const resumed: Timed = { at: 950_000, type: 'node-resumed', node: 's1', incarnation: 1 }

  /** s1 pinged last at 1000 ms, and s2 took over at 1550. */
  function after(...more: readonly Timed[]): ClusterState {
    const events: Timed[] = [
      { at: 0, type: 'node-started', node: 's1', incarnation: 1, step: 0, kind: 'replica', pid: 1, seed: '' },
      { at: 990_000, type: 'message-sent', id: 's1.1.1.0', from: 's1', to: 'vs', message: { type: 'ping', viewnum: 2, incarnation: 1, address: '', initialised: [] } },
      { at: 1_000_000, type: 'message-taken', id: 's1.1.1.0', node: 'vs', incarnation: 1, step: 1 },
      { at: 1_550_000, type: 'view-changed', node: 'vs', incarnation: 1, step: 2, view: view(3, 's2', 's1'), cause: { type: 'change', left: [{ server: 's1', because: 'missed-pings' }], promoted: 's2', joined: [] } },
      ...more,
    ]
    const state = beginState(header)
    for (const [index, event] of events.toSorted((one, other) => one.at - other.at).entries()) foldEvent(state, { ...event, seq: index + 1, wall: event.at })
    return state
  }

  function cause(...more: readonly Timed[]): string {
    const [facts] = after(...more).views
    return facts ? viewCauseText(facts, header) : ''
  }
  const plain = 's1 missed its pings, s2 takes over as primary.'
  const told = (ms: number): string => `${plain} s1 missed its pings because this machine stalled for ${ms} ms, not because of a failure.`

  it.each<[string, string, readonly Timed[]]>([
    ['its own process got no time, told when that was over', told(700), [stalled(1800, 's1', 700)]],
    ['the switchboard got none', told(440), [stalled(1545, '', 440)]],
    ['both in turn, with the view server behind them', told(400), [stalled(1300, 's1', 200), stalled(1500, '', 200)]],
    ['nothing is known of a stall', plain, []],
    ['another server stalled', plain, [stalled(1800, 's2', 700)]],
    ['a stall was too short to hide its pings', plain, [stalled(1500, 's1', 200)]],
    ['two stalls were one and the same', plain, [stalled(1500, 's1', 200), stalled(1500, '', 200)]],
    ['the stall was over before', plain, [stalled(990, '', 700)]],
    ['the stall began later', plain, [stalled(2300, 's1', 700)]],
    ['its link was cut, whatever else there was', plain, [added({ from: ['s1'] }), stalled(1545, '', 440)]],
    ['another link was cut', told(440), [added({ from: ['s2'] }), stalled(1545, '', 440)]],
    ['a fault struck other messages', told(440), [added({ kinds: ['forward'] }), stalled(1545, '', 440)]],
    ['it was paused', plain, [{ at: 960_000, type: 'node-paused', node: 's1', incarnation: 1 }, stalled(1545, '', 440)]],
    ['it was paused once and went on', told(440), [{ at: 940_000, type: 'node-paused', node: 's1', incarnation: 1 }, resumed, stalled(1545, '', 440)]],
    ['it was killed', plain, [{ at: 1_010_000, type: 'node-killed', node: 's1', incarnation: 1 }, stalled(1545, '', 440)]],
  ])('%s', (_what, expected, more) => {
    expect(cause(...more)).toBe(expected)
  })

  it('is told of all views in one sentence, for whoever has to judge a run', () => {
    expect(stalledViewsText(after(stalled(1800, 's1', 700)))).toBe('This machine stalled for 700 ms: s1 left view 2 for that, and for nothing that anybody did.')
    expect(stalledViewsText(after(added({ from: ['s1'] }), stalled(1800, 's1', 700)))).toBe('')
  })
})
