// Exports that a screen pulls in chunks: each equals what the format's writer makes of all events at once. An export never
// blocks the lab's event loop, outlives its session, or looks complete when it is not.
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectLab, createPortPair, defaultClusterSettings, ExportFormatName, exportsMax, type Gives, type Lab, type Takes } from '../contract'
import { exporters, exportFormats, exportPieces, wholeRecording, type ExportRange } from '../export'
import { randomFaultsRecording, type RandomFaultsRecording } from '../sim/testing/random-faults-recording'
import { counted, formatEvent, formatHeader, type EventBody } from '../trace'
import { createFakeClusters, type FakeClusters } from './testing/fake-cluster'
import { openLab } from './lab'
import type { RunningLab } from './lab-options'

type Begin = Takes<'exportBegin'>
type Piece = Gives<'exportRead'>

let recording: RandomFaultsRecording
let folder: string
let clusters: FakeClusters
let lab: RunningLab
let screen: Lab

beforeAll(() => { recording = randomFaultsRecording('exports', 60) })
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-test-'))
  clusters = createFakeClusters()
  lab = await openLab({
    host: 'in-process', dataFolder: join(folder, 'data'), version: '1', scenariosFolder: fileURLToPath(new URL('../../scenarios', import.meta.url)),
    programs: { node: '', switchboard: '', host: '' },
  }, clusters)
  screen = connect()
})
afterEach(async () => {
  await lab.close()
  await rm(folder, { recursive: true })
})

function connect(): Lab {
  const [own, labs] = createPortPair()
  lab.connect(labs)
  return connectLab(own)
}

/** Opens the recording as a file of that name; resolves with its session when it has been read completely. */
async function open(name = 'failover.jsonl', cut = 0): Promise<number> {
  const path = join(folder, name)
  await writeFile(path, `${[formatHeader(recording.header), ...recording.events.map(formatEvent)].join('\n')}\n`)
  if (cut > 0) await truncate(path, statSync(path).size - cut)
  await lab.openRecording(path)
  return whole()
}

async function whole(): Promise<number> {
  for (;;) {
    const { status } = await screen.call('hello', {})
    if (status.recording?.readShare === undefined) return status.session
    await new Promise(setImmediate)
  }
}

const all = (session: number, more: Partial<Begin> = {}): Begin => ({ session, format: 'csv', from: 1, to: wholeRecording.to, ...more })

/** Pulls an export to its end; `between` runs after each chunk. */
async function take(begin: Begin, by = screen): Promise<{ name: string; text: string; last: Piece; shares: number[] }> {
  const { export: id, name } = await by.call('exportBegin', begin)
  const pieces: Buffer[] = []
  const shares: number[] = []
  for (;;) {
    const piece = await by.call('exportRead', { export: id })
    pieces.push(Buffer.from(piece.base64, 'base64'))
    shares.push(piece.share)
    if (piece.done) return { name, text: Buffer.concat(pieces).toString(), last: piece, shares }
  }
}

function atOnce(format: Begin['format'], range: ExportRange, note = ''): { text: string; notes: readonly string[] } {
  const pieces = exportPieces(exporters[format], recording.header, recording.events, range, note)
  let text = ''
  for (;;) {
    const next = pieces.next()
    if (next.done) return { text, notes: next.value }
    text += next.value
  }
}

const note = (text: string): EventBody => ({ type: 'lab-note', text, node: '' })

describe('an export of a session', () => {
  it('knows the formats of the contract, and no others', () => {
    expect(ExportFormatName.options).toEqual(exportFormats)
  })

  it.each(exportFormats)('as %s is what its writer makes of all events', async (format) => {
    const session = await open()
    const { name, text, last } = await take(all(session, { format }))
    const expected = atOnce(format, wholeRecording)
    expect(text === expected.text).toBe(true)
    expect(name).toBe(`failover${exporters[format].extension}`)
    expect(last).toMatchObject({ share: 1, events: recording.events.length, notes: expected.notes })
    expect(last.told).toMatch(new RegExp(`^\\d.*, of ${counted(recording.events.length, 'event')}$`))
  })

  it.each(exportFormats)('as %s of a range begins with the cluster as it was there', async (format) => {
    const session = await open()
    const range = { from: 400, to: 900 }
    const { name, text, last } = await take(all(session, { format, ...range }))
    const expected = atOnce(format, range)
    expect(text === expected.text).toBe(true)
    expect(name).toBe(`failover-400-900${exporters[format].extension}`)
    expect([last.events, last.notes]).toEqual([501, expected.notes])
  })

  it('says in the file that the end of the recording was cut off', async () => {
    const session = await open('torn.jsonl', 7)
    const { text } = await take(all(session, { format: 'jepsen' }))
    expect(text).toMatch(/:f :note, :value "The last line was cut off; [\d ]+ events are whole\.", :time \d+, :index \d+\}\n$/)
  })

  it('of a live one is what had happened when it began', async () => {
    const { session } = await screen.call('newCluster', { ...defaultClusterSettings, title: 'live' })
    const [cluster] = clusters.started
    cluster?.emit(note('before'))
    const { export: id, name } = await screen.call('exportBegin', all(session, { format: 'shiviz' }))
    cluster?.emit(note('after'))
    const piece = await screen.call('exportRead', { export: id })
    expect(name).toMatch(/-live\.log$/)
    expect(Buffer.from(piece.base64, 'base64').toString()).toMatch(/before[^]*$/)
    expect(Buffer.from(piece.base64, 'base64').toString()).not.toContain('after')
    expect(piece).toMatchObject({ done: true, events: 2 })
  })

  it('comes in pieces of a quarter of a mebibyte at most, made only when they are asked for', async () => {
    const { session } = await screen.call('newCluster', defaultClusterSettings)
    clusters.started[0]?.emit(...Array.from({ length: 24 }, () => note('x'.repeat(200_000))), note('y'.repeat(3_000_000)))
    const { export: id } = await screen.call('exportBegin', all(session, { format: 'shiviz' }))
    const first = await screen.call('exportRead', { export: id })
    expect(first.share).toBeLessThan(0.5)
    const sizes = [Buffer.from(first.base64, 'base64').length]
    for (let piece = first; !piece.done;) {
      piece = await screen.call('exportRead', { export: id })
      sizes.push(Buffer.from(piece.base64, 'base64').length)
    }
    expect(Math.max(...sizes)).toBe(256 * 1024)
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(7_800_000)
  })

  it('leaves the loop of the lab free, and tells how far it is', async () => {
    const { session } = await screen.call('newCluster', defaultClusterSettings)
    const [cluster] = clusters.started
    for (let batch = 0; batch < 60; batch++) cluster?.emit(...Array.from({ length: 1000 }, (_, index) => note(`note ${index}`)))
    let turns = 0
    let goesOn = true
    const turn = (): void => {
      turns++
      if (goesOn) setImmediate(turn)
    }
    turn()
    const { shares } = await take(all(session, { format: 'shiviz' }))
    goesOn = false
    expect(turns).toBeGreaterThan(10)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares.length).toBeGreaterThan(2)
  })

  it('asked twice at once gives one piece after the other', async () => {
    const session = await open()
    const { export: id } = await screen.call('exportBegin', all(session, { format: 'perfetto' }))
    const asked = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => screen.call('exportRead', { export: id })))
    const pieces = asked.flatMap((piece) => piece.status === 'fulfilled' ? [piece.value] : [])
    const upTo = pieces.findIndex(({ done }) => done)
    const text = pieces.slice(0, upTo + 1).map(({ base64 }) => Buffer.from(base64, 'base64').toString()).join('')
    expect(text === atOnce('perfetto', wholeRecording).text).toBe(true)
  })
})

describe('an export that is refused', () => {
  it.each([
    ['a range that ends before it begins', { from: 9, to: 3 }, 'The range begins at event 9 and ends before that, at event 3.'],
    ['a range after the last event', { from: 99_999 }, /^There is no event 99 999; the newest is [\d ]+\.$/],
    ['event 0', { from: 0 }, 'from must be at least 1, not 0.'],
    ['half an event', { to: 1.5 }, 'to must be a whole number, not 1.5.'],
    ['a format that does not exist', { format: 'pdf' as 'csv' }, /^format must be "html" or .* or "csv", not "pdf"\.$/],
    ['a session that is over', { session: 99 }, 'Session 99 is over; the lab shows session 1.'],
  ])('%s', async (_, wrong, sentence) => {
    const session = await open()
    await expect(screen.call('exportBegin', all(session, wrong))).rejects.toThrow(sentence)
  })

  it('where there is no session', async () => {
    await expect(screen.call('exportBegin', all(0))).rejects.toThrow('There is no session yet; start a cluster or open a recording.')
  })

  it('where as many are running as may be, until one of them is over', async () => {
    const session = await open()
    const ids: number[] = []
    for (let count = 0; count < exportsMax; count++) ids.push((await screen.call('exportBegin', all(session))).export)
    await expect(screen.call('exportBegin', all(session))).rejects.toThrow('2 exports are running; wait for one of them, or cancel it.')
    // The limit counts for each screen separately.
    await take(all(session), connect())
    await screen.call('exportEnd', { export: ids[0] ?? 0 })
    await take(all(session))
  })
})

describe('an export that ends early', () => {
  it('by its screen gives nothing more, and ending it again is well', async () => {
    const session = await open()
    const { export: id } = await screen.call('exportBegin', all(session))
    const waiting = screen.call('exportRead', { export: id })
    await screen.call('exportEnd', { export: id })
    await waiting.catch(() => undefined) // It may have been answered before.
    await expect(screen.call('exportRead', { export: id })).rejects.toThrow('There is no such export; begin again.')
    expect(await screen.call('exportEnd', { export: id })).toEqual({})
  })

  it('because another session is shown is refused with that reason', async () => {
    const { session } = await screen.call('newCluster', defaultClusterSettings)
    clusters.started[0]?.emit(...Array.from({ length: 20 }, () => note('x'.repeat(200_000))))
    const { export: id } = await screen.call('exportBegin', all(session, { format: 'shiviz' }))
    await screen.call('exportRead', { export: id })
    const { session: next } = await screen.call('newCluster', defaultClusterSettings)
    await expect(screen.call('exportRead', { export: id })).rejects.toThrow('Another session is shown: the export of the one before was stopped.')
    // Stopped exports do not count against the limit.
    for (let count = 0; count < exportsMax; count++) await screen.call('exportBegin', all(next))
  })

  it('does not, where the session has only ended: its recording is still there', async () => {
    const { session } = await screen.call('newCluster', defaultClusterSettings)
    const { export: id } = await screen.call('exportBegin', all(session))
    await screen.call('endSession', {})
    expect(await screen.call('exportRead', { export: id })).toMatchObject({ done: true, events: 1 })
  })

  it('because its events cannot be read any more says so and never gives an end', async () => {
    const session = await open()
    const { export: id } = await screen.call('exportBegin', all(session, { format: 'shiviz' }))
    for (const name of readdirSync(tmpdir()).filter((found) => found.startsWith(`understudy-lab-${process.pid}-`))) {
      for (const file of readdirSync(join(tmpdir(), name))) await rm(join(tmpdir(), name, file))
    }
    await expect(screen.call('exportRead', { export: id })).rejects.toThrow('The older events cannot be read back from the recording: no such file.')
    await expect(screen.call('exportRead', { export: id })).rejects.toThrow('There is no such export')
  })
})
