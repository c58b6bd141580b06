// Preparing a branch, without processes: the snapshot is at the end of a step, the file begins with the parent's events, and refusals change nothing.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Conformance } from '../check'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { formatEvent, formatHeader, type TraceEvent, type TraceHeader } from '../trace'
import { prepareBranch, type PreparedBranch } from './branch'
import { placeForRecording } from './folders'
import { openRecordedSession } from './recorded-session'
import type { Session } from './session'

const { header, events } = randomFaultsRecording('7', 25)

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'branch-test-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

async function opened(recorded: readonly TraceEvent[] = events, first: TraceHeader = header): Promise<Session> {
  const path = join(folder, `${Math.random()}.jsonl`)
  await writeFile(path, [formatHeader(first), ...recorded.map(formatEvent), ''].join('\n'))
  const session = await openRecordedSession({ path, name: 'parent.jsonl', folder })
  await rm(path)
  return session
}

const prepare = (session: Session, seq: number): Promise<PreparedBranch> => prepareBranch(session, seq, {
  createdAt: new Date('2026-01-01T00:00:00Z'), protocolHash: 'mine', place: (made) => placeForRecording(join(folder, 'recordings'), made.title, new Date(made.createdAt)),
})
const refusal = (session: Session, seq: number): Promise<string> => prepare(session, seq).then(() => '', (error: Error) => error.message)

/** True if a step, or the fate of its last message, continues after this event. */
function isWithin(seq: number): boolean {
  const conformance = new Conformance(header)
  for (const event of events.slice(0, seq)) conformance.take(event)
  return conformance.isInStep
}

describe('the moment of a branch', () => {
  test('of a recording that counts more freezes than a cluster can is refused: no node would answer such a number', async () => {
    const last = events.at(-1) as TraceEvent
    const frozen = (freeze: number): TraceEvent => ({ seq: last.seq + 1, at: last.at, wall: last.wall, type: 'frozen', freeze, timers: [], reason: 'by hand', metBy: 0 })
    expect(await refusal(await opened([...events, frozen(2 ** 32)]), last.seq + 1))
      .toMatch(/^Event #\d+ tells of freeze 4.294.967.296, and a cluster counts to 4.294.967.295: there is no branch from here\.$/)
    expect(await refusal(await opened([...events, frozen(2 ** 32 - 2)]), last.seq + 1)).toBe('')
  })

  test('is the end of the step that the event belongs to, wherever in it that is', async () => {
    const session = await opened()
    let snapped = 0
    for (let seq = 100; seq < 130; seq++) {
      const { start, place } = await prepare(session, seq)
      expect(start.seq).toBeGreaterThanOrEqual(seq)
      expect(isWithin(start.seq)).toBe(false)
      // No later than necessary: the event before the end is within the step, or reports the fate of a message.
      if (start.seq > seq) {
        snapped++
        expect(isWithin(start.seq - 1) || events[start.seq - 1]?.type.startsWith('message-')).toBe(true)
      }
      await rm(place.path)
    }
    expect(snapped).toBeGreaterThan(5)
  }, 30_000)

  test('takes in what became of the last message: a message that was held is held', async () => {
    const at = events.findIndex((event, index) => event.type === 'message-sent' && events[index + 1]?.type === 'message-held')
    const { start } = await prepare(await opened(), (events[at] as TraceEvent).seq)
    expect(start.seq).toBeGreaterThan((events[at] as TraceEvent).seq)
    expect(events.slice(at, start.seq).some(({ type }) => type === 'message-held')).toBe(true)
  })
})

test('its recording begins with the parent\'s events, unchanged, under a header that names the parent', async () => {
  const { header: made, start, place, log } = await prepare(await opened(), 600)
  const [first = '', ...lines] = (await readFile(place.path, 'utf8')).trimEnd().split('\n')
  expect(JSON.parse(first)).toEqual(made)
  expect(made).toMatchObject({
    source: 'live', title: `7 from #${start.seq}`, createdAt: '2026-01-01T00:00:00.000Z', protocolHash: 'mine', seed: `7@${start.seq}`, settings: header.settings,
    parent: { title: '7', createdAt: header.createdAt, seq: start.seq },
  })
  expect(lines).toEqual(events.slice(0, start.seq).map(formatEvent))
  expect([log.latest, start.bytes]).toEqual([start.seq, Buffer.byteLength([first, ...lines, ''].join('\n'))])
  expect([start.at, start.wall]).toEqual([events[start.seq - 1]?.at, events[start.seq - 1]?.wall])
  expect(await log.read(start.seq, { eventsMax: 9, bytesMax: 1e6 })).toEqual({ from: start.seq, count: 1, text: lines.at(-1) })
})

describe('what is refused, with one sentence', () => {
  test('an event that is not there', async () => {
    expect(await refusal(await opened(), events.length + 1)).toBe(`There is no event #${events.length + 1}; the newest is #${events.length}.`)
  })

  test('a moment before the first start', async () => {
    const note = { seq: 1, at: 0, wall: 0, type: 'lab-note', text: 'nothing yet', node: '' } as const
    expect(await refusal(await opened([note]), 1)).toBe('Nothing had started at event #1; branch from a later moment.')
  })

  test('a moment in a step whose end is missing', async () => {
    const at = events.findIndex((event, index) => event.type === 'message-taken' && events[index + 1]?.type === 'message-sent')
    expect(await refusal(await opened(events.slice(0, at + 1)), at + 1)).toBe(`Event #${at + 1} is in a step that is not whole; branch from an earlier moment.`)
  })

  test('a recording that is not what its nodes did, up to the moment and not after it', async () => {
    const at = events.findIndex((event) => event.type === 'message-sent' && event.message.type === 'forward' && event.seq > 300)
    const forged = events.map((event, index) => index === at && event.type === 'message-sent' ? { ...event, to: 'vs' } : event)
    const session = await opened(forged)
    expect(await refusal(session, at + 100)).toMatch(/^There is no branch from here: stepping again does not give what was recorded, as another version of the protocol made it\. At event #\d+, step \d+ of s\d \(incarnation \d\): recorded is .* to vs: forward .*; stepped again it is .*\.$/)
    // A refused branch leaves no file.
    expect(await readdir(join(folder, 'recordings')).catch(() => [])).toEqual([])
    expect(await refusal(session, at - 10)).toBe('')
  })
})
