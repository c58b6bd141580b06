import { describe, expect, it } from 'vitest'
import { ReplayKeeper } from '../../src/check'
import { defaultSettings, utf8ToBytes } from '../../src/protocol'
import { World } from '../../src/sim'
import { parseEventLines, type TraceHeader } from '../../src/trace'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'
import { Replays, type EventTexts } from './replays'

function session(): { header: TraceHeader; lines: string[] } {
  const lines: string[] = []
  const world = new World({ title: '', seed: '1', replicas: 2, clients: 1, settings: defaultSettings, onEvent: (event) => lines.push(JSON.stringify(event)) })
  world.run(500)
  for (let index = 0; index < 600; index++) {
    world.invoke('c1', { type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes(String(index)) })
    world.run(8)
  }
  return { header: world.header, lines }
}

/** The worker without a thread, and events of which only some have arrived. */
function world() {
  const { header, lines } = session()
  let keeper: ReplayKeeper | null = null
  const asked: string[] = []
  let latest = 0
  let wake = (): void => undefined
  const worker = {
    ask: (question: ReplayQuestion): Promise<ReplayAnswer> => {
      asked.push(question.type)
      const nothing = { followed: keeper?.followed ?? 0, from: 0, seen: [], preview: null, rules: [], violations: [], history: null, part: null, problem: '' }
      switch (question.type) {
        case 'begin': keeper = new ReplayKeeper(question.header); break
        case 'follow': keeper?.follow(parseEventLines(question.text)); break
        case 'look-now': return Promise.resolve({ ...nothing, seen: keeper?.lookNow(question.nodes, question.seq) ?? [] })
        case 'needs': return Promise.resolve({ ...nothing, from: keeper?.needsFrom(question.nodes[0] as string, question.seq) ?? 0 })
        case 'look': return Promise.resolve({ ...nothing, seen: question.nodes.map((node) => keeper!.look(node, question.seq, parseEventLines(question.text))) })
        case 'preview':
        case 'history': break
      }
      return Promise.resolve({ ...nothing, followed: keeper?.followed ?? 0 })
    },
  }
  const reads: number[] = []
  const texts: EventTexts = {
    latest: () => latest,
    read: (from, count) => {
      const some = lines.slice(from - 1, from - 1 + Math.min(count, 500))
      reads.push(from)
      return Promise.resolve({ count: some.length, text: some.join('\n') })
    },
    quiet: () => latest > (keeper?.followed ?? 0) ? Promise.resolve() : new Promise((resolve) => { wake = resolve }),
  }
  const replays = new Replays(header, worker, texts)
  return { replays, asked, lines, come: (count: number) => { latest = count; wake() } }
}

describe('asking for states', () => {
  it('answers once the worker has come there, from the events that it needs', async () => {
    const { replays, come, lines } = world()
    const seen = replays.look(['s1', 's2'], lines.length)
    come(100)
    come(lines.length)
    const [primary, backup] = await seen ?? []
    expect(primary?.state).toMatchObject({ kind: 'replica', executed: 600 })
    expect(backup?.state).toMatchObject({ kind: 'replica', executed: 600 })
    expect(replays.followed).toBe(lines.length)
  })

  it('looks at the present without bringing events for it a second time', async () => {
    const { replays, come, lines, asked } = world()
    come(lines.length)
    const [seen] = await replays.look(['s1'], lines.length) ?? []
    expect(seen?.state).toMatchObject({ kind: 'replica', executed: 600 })
    expect(asked.filter((type) => type.startsWith('look') || type === 'needs')).toEqual(['look-now'])
  })

  it('goes back without following again', async () => {
    const { replays, come, lines, asked } = world()
    come(lines.length)
    await replays.look(['s1'], lines.length)
    const follows = asked.filter((type) => type === 'follow').length
    const [seen] = await replays.look(['s1'], 2000) ?? []
    expect(seen?.state).toMatchObject({ kind: 'replica' })
    expect(seen?.seq).toBeLessThanOrEqual(2000)
    expect(asked.filter((type) => type === 'follow').length).toBe(follows)
  })

  it('answers nothing any more when the session is over, and leaves nobody waiting', async () => {
    const { replays, come, lines } = world()
    come(10)
    const seen = replays.look(['s1'], lines.length)
    replays.end()
    expect(await seen).toBeNull()
  })
})
