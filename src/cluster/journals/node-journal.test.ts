// A node's journal: the reader returns what was written, a torn end is left out, and no file error affects the node.
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings, type ByteString, type Message, type Operation, type Start } from '../../protocol'
import { decodeGreeting, encodeGreeting, type Greeting } from '../direct/direct-frames'
import { Cursor, FrameWriter } from '../wire/frame'
import { framesOfLife, JournalProblem, scanJournal, type JournalFrame, type JournalInput, type JournalRecord } from './journal-reader'
import { messageBytes } from '../testing/message-bytes'
import { openNodeJournal, type JournalledConnection, type NodeJournal } from './node-journal'

let folder: string
let path: string
const told: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-journal-'))
  path = join(folder, 's1.journal')
  told.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start: Start = { type: 'start', name: 's1', kind: 'replica', incarnation: 7, address: '/run/s1', settings: defaultSettings, seed: 's1.7' }

function open(write?: (file: number, bytes: Buffer) => void): NodeJournal {
  const journal = openNodeJournal({ path, protocolHash: 'abc', log: (sentence) => told.push(sentence), ...(write ? { write } : {}) })
  if (!journal) throw new Error(told.join(' '))
  return journal
}

const step = (journal: NodeJournal, input: Parameters<NodeJournal['begin']>[0], effects: () => void = () => undefined): void => {
  journal.begin(input)
  effects()
  journal.end()
}

function framesIn(file = path): JournalFrame[] {
  return scanJournal(file).flatMap(({ place }) => [...framesOfLife(place)])
}

const anyBytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 20 }).map((text) => text as ByteString)
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: anyBytes, value: anyBytes }),
  fc.record({ type: fc.constant('get' as const), key: anyBytes }),
  fc.record({ type: fc.constant('cas' as const), key: anyBytes, expected: fc.option(anyBytes), value: anyBytes }),
)
const count = fc.nat({ max: 0xffff_ffff })
const anyRequest: fc.Arbitrary<Message> = fc.record({ type: fc.constant('request' as const), clientId: fc.constant('c.0'), requestId: count, viewnum: count, operation: anyOperation })

/** What a driver may report between two steps or inside one, and the record that it becomes. */
type Told =
  | { readonly type: 'send'; readonly message: Message; readonly isLost: boolean }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'open'; readonly peer: string }
  | { readonly type: 'closed' | 'withdrawn' | 'aside-taken' }
const anyTold: fc.Arbitrary<Told> = fc.oneof(
  fc.record({ type: fc.constant('send' as const), message: anyRequest, isLost: fc.boolean() }),
  fc.record({ type: fc.constant('note' as const), text: fc.string() }),
  fc.record({ type: fc.constant('open' as const), peer: fc.constantFrom('', 's2') }),
  fc.record({ type: fc.constantFrom('closed' as const, 'withdrawn' as const, 'aside-taken' as const) }),
)
type Taken =
  | { readonly type: 'message'; readonly message: Message; readonly isClient: boolean }
  | { readonly type: 'timer'; readonly name: string }
  | { readonly type: 'operation'; readonly operation: Operation; readonly session: number }
  | { readonly type: 'lost'; readonly peer: string }
const anyTaken: fc.Arbitrary<Taken> = fc.oneof(
  fc.record({ type: fc.constant('message' as const), message: anyRequest, isClient: fc.boolean() }),
  fc.record({ type: fc.constant('timer' as const), name: fc.constantFrom('ping', 'retry:3') }),
  fc.record({ type: fc.constant('operation' as const), operation: anyOperation, session: fc.integer({ min: -1, max: 100 }) }),
  fc.record({ type: fc.constant('lost' as const), peer: fc.constantFrom('s2', 'client/4') }),
)

/** Reports to a journal as a driver does; returns what the reader must return. */
function tell(journal: NodeJournal, steps: readonly { readonly taken: Taken; readonly told: readonly Told[] }[]): unknown[] {
  const server = journal.open('s2')
  const client = journal.open('')
  journal.greeted(server, { kind: 'replica', name: 's2', incarnation: 9, address: '' }, 's2')
  journal.greeted(client, { kind: 'client', name: 'x', incarnation: 0, address: '', mark: 77 }, 'x/1')
  const expected: unknown[] = [
    { type: 'opened', connection: 1, peer: 's2', mark: server.mark }, { type: 'opened', connection: 2, peer: '', mark: 0 },
    { type: 'greeted', connection: 1, isClient: false, name: 's2', incarnation: 9, mark: 0, peer: 's2' },
    { type: 'greeted', connection: 2, isClient: true, name: 'x', incarnation: 0, mark: 77, peer: 'x/1' },
  ]
  let connections = 2
  const tellOne = (what: Told): JournalRecord[] => {
    switch (what.type) {
      case 'send': {
        journal.sent('s2', what.message, what.isLost ? null : server)
        return [{ type: 'send', connection: what.isLost ? 0 : 1, to: 's2', body: messageBytes(what.message) }]
      }
      case 'note':
        journal.report({ type: 'note', text: what.text })
        return [{ type: 'report', text: JSON.stringify({ type: 'note', text: what.text }) }]
      case 'open': {
        const { mark } = journal.open(what.peer)
        return [{ type: 'opened', connection: ++connections, peer: what.peer, mark }]
      }
      case 'closed':
        journal.closed(server)
        return [{ type: 'closed', connection: 1 }]
      case 'withdrawn':
        journal.withdrawn(server, 3)
        return [{ type: 'withdrawn', connection: 1, ordinal: 3 }]
      case 'aside-taken': {
        journal.taking(client, frameOf(Buffer.from('x')))
        journal.asideTaken()
        return [{ type: 'aside-taken', connection: 2, index: client.taken - 1 }]
      }
    }
  }
  let armed = 0
  for (const [index, { taken, told: effects }] of steps.entries()) {
    const input = takenInput(journal, taken, taken.type === 'message' && taken.isClient ? client : server, armed)
    const records = effects.flatMap((effect) => tellOne(effect))
    journal.armed('ping')
    journal.end()
    armed++
    expected.push({ type: 'step', step: index + 1, input, records })
  }
  return expected
}

function takenInput(journal: NodeJournal, taken: Taken, connection: JournalledConnection, armed: number): JournalInput {
  switch (taken.type) {
    case 'message': {
      const bytes = messageBytes(taken.message)
      journal.taking(connection, frameOf(bytes))
      journal.begin({ type: 'message', from: 's2', message: taken.message })
      return { type: 'message', connection: connection.id, index: connection.taken - 1, body: connection.isClient ? bytes : Buffer.alloc(0) }
    }
    case 'timer':
      journal.begin({ type: 'timer', name: taken.name })
      return { type: 'timer', name: taken.name, armed: taken.name === 'ping' ? armed : 0 }
    case 'operation': {
      const input = { type: 'operation' as const, operationId: 5, session: taken.session, target: '', operation: taken.operation }
      journal.begin(input)
      return input
    }
    case 'lost':
      journal.begin({ type: 'peer-lost', peer: taken.peer })
      return { type: 'peer-lost', peer: taken.peer }
  }
}

const frameOf = (bytes: Buffer): Cursor => new Cursor().reset(bytes, 0, bytes.length)

describe('a journal', () => {
  it('gives back every step and every connection, whatever they are', () => {
    fc.assert(fc.property(fc.array(fc.record({ taken: anyTaken, told: fc.array(anyTold, { maxLength: 4 }) }), { maxLength: 8 }), (steps) => {
      rmSync(path, { force: true })
      const journal = open()
      step(journal, start)
      const expected = tell(journal, steps)
      journal.close()
      const [life, first, ...rest] = framesIn()
      expect(life).toMatchObject({ type: 'life', life: { name: 's1', incarnation: 7, kind: 'replica', address: '/run/s1', seed: 's1.7', protocolHash: 'abc', pid: process.pid } })
      expect(first).toMatchObject({ type: 'step', step: 0, input: { type: 'start' }, records: [] })
      const plain = rest.map((frame) => {
        if (frame.type === 'record') return frame.record
        const { at: _at, ...others } = frame as Extract<JournalFrame, { type: 'step' }>
        return others
      })
      expect(plain).toEqual([...expected, { type: 'end', code: 0 }])
    }), { numRuns: 60 })
  })

  it('may be cut anywhere: what was whole is read, and that the rest is torn', () => {
    const journal = open()
    step(journal, start)
    for (let index = 0; index < 5; index++) step(journal, { type: 'timer', name: 'ping' }, () => journal.report({ type: 'note', text: 'a note' }))
    journal.close()
    const whole = readFileSync(path)
    const frames = framesIn().length
    const torn = join(folder, 'torn')
    const first = 4 + whole.readUInt32BE(0)
    for (let length = first; length < whole.length; length++) {
      writeFileSync(torn, whole.subarray(0, length))
      const [life] = scanJournal(torn)
      const read = framesIn(torn).length
      expect(read).toBeLessThan(frames)
      expect(life?.isEnded).toBe(false)
      expect(life?.isTorn).toBe(life?.place.to !== length)
    }
  })

  it('goes on after an earlier life, and where that was torn it begins at the whole frames', () => {
    const first = open()
    step(first, start)
    step(first, { type: 'timer', name: 'ping' })
    first.flush()
    truncateSync(path, readFileSync(path).length - 3)
    const second = open()
    step(second, { ...start, incarnation: 8 })
    second.close(1)
    const lives = scanJournal(path)
    expect(lives.map(({ life, steps, isEnded, isTorn }) => [life.incarnation, steps, isEnded, isTorn])).toEqual([[7, 1, false, false], [8, 1, true, false]])
    expect(told).toEqual([])
  })

  it('is written before anything leaves, and by itself after a while', () => {
    const journal = open()
    step(journal, start)
    expect(readFileSync(path).length).toBe(0)
    journal.flush()
    expect(framesIn().length).toBe(2)
    journal.begin({ type: 'timer', name: 'ping' })
    journal.flush()
    expect(framesIn().length).toBe(2)
    journal.end()
    journal.flush()
    expect(framesIn().length).toBe(3)
    journal.close()
  })

  it('marks a step that broke a rule, and tells that the node ended', () => {
    const journal = open()
    step(journal, start)
    journal.begin({ type: 'timer', name: 'ping' })
    journal.close()
    expect(framesIn().slice(2)).toMatchObject([{ type: 'step', records: [{ type: 'broken' }] }, { type: 'record', record: { type: 'end', code: 1 } }])
  })
})

it('is told to the other end in the greeting, which is as ever without one', () => {
  const greet = (greeting: Greeting): { readonly length: number; readonly read: Greeting } => {
    const writer = new FrameWriter()
    encodeGreeting(writer, greeting)
    const length = writer.length
    let read: Greeting | undefined
    writer.flush((bytes) => {
      read = decodeGreeting(new Cursor().reset(bytes, 4, bytes.length))
      return true
    })
    return { length, read: read as Greeting }
  }
  const plain: Greeting = { kind: 'replica', name: 's1', incarnation: 5, address: '/run/s1' }
  expect(greet({ ...plain, mark: 0 })).toEqual({ ...greet(plain), read: plain })
  expect(greet({ ...plain, mark: 2 ** 52 - 1 })).toEqual({ length: greet(plain).length + 8, read: { ...plain, mark: 2 ** 52 - 1 } })
})

describe('a journal that cannot be written', () => {
  it('ends at its last whole frame when the disk is full, in one sentence, and the node goes on', () => {
    let isFull = false
    const journal = open((file, bytes) => {
      if (!isFull) return void writeSync(file, bytes)
      writeSync(file, bytes, 0, 5)
      throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    })
    step(journal, start)
    journal.flush()
    isFull = true
    step(journal, { type: 'timer', name: 'ping' })
    journal.flush()
    step(journal, { type: 'timer', name: 'ping' })
    journal.closed(journal.open('s2'))
    journal.close()
    expect(told).toEqual([`The journal ${path} ended: the disk is full. It goes on without.`])
    expect(scanJournal(path)).toMatchObject([{ steps: 1, isTorn: false, isEnded: false }])
  })

  it('because of its path is refused in one sentence, and the file is left as it was', () => {
    const refused = (file: string): string | undefined => {
      told.length = 0
      expect(openNodeJournal({ path: file, protocolHash: '', log: (sentence) => told.push(sentence) })).toBeNull()
      return told[0]
    }
    mkdirSync(join(folder, 'folder'))
    writeFileSync(join(folder, 'letter'), 'Dear reader, this is no journal.')
    expect(refused(join(folder, 'missing', 'file'))).toMatch(/^There is no journal .*: no such file\. It goes on without\.$/)
    expect(refused(join(folder, 'folder'))).toMatch(/^There is no journal .*: it is a folder\. It goes on without\.$/)
    expect(refused('/dev/null')).toBe('There is no journal /dev/null: it is no file. It goes on without.')
    expect(refused(join(folder, 'letter'))).toMatch(/letter: there is a file of that name that is no journal\. It goes on without\.$/)
    expect(readFileSync(join(folder, 'letter'), 'utf8')).toBe('Dear reader, this is no journal.')
  })
})

describe('a file that is no journal', () => {
  const problem = (file: string): string => {
    try {
      scanJournal(file)
    } catch (error) {
      if (error instanceof JournalProblem) return error.message
      throw error
    }
    return ''
  }

  it('is refused in one sentence', () => {
    const other = join(folder, 'other')
    for (const text of ['{"understudy":"recording"}\n', '\u0000\u0000\u0000\u0004abcd', '\u0000\u0000\u0000\u0001\u0001', 'x']) {
      writeFileSync(other, text)
      expect(problem(other)).toBe(`${other} is not a journal of a node.`)
    }
    writeFileSync(other, '')
    expect(problem(other)).toBe(`${other} is not a journal of a node: it is empty.`)
    expect(problem(join(folder, 'nothing'))).toMatch(/nothing cannot be read: no such file\./)
  })

  it('is refused from the byte on where it is damaged', () => {
    const journal = open()
    step(journal, start)
    step(journal, { type: 'timer', name: 'ping' })
    journal.close()
    const bytes = readFileSync(path)
    const second = 4 + bytes.readUInt32BE(0)
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.from([99]), 0, 1, second + 4)
    closeSync(file)
    expect(problem(path)).toBe(`${path} cannot be read from byte ${second} on: there is no record of kind 99.`)
  })
})
