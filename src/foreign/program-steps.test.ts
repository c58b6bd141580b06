// A program's lines become steps as far as it cooperates, and nothing that it writes can do more than be refused.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultSettings, startOf, utf8ToBytes, type Input, type NodeKind } from '../protocol'
import type { HeaderNode } from '../trace'
import { ProgramSteps, type ProgramStep } from './program-steps'
import { speakerOf } from './speaker'

const cluster: readonly HeaderNode[] = [
  { name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica', program: './mine' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' },
]

class Played {
  readonly written: { readonly src: string; readonly step?: number; readonly body: { readonly type: string; readonly [field: string]: unknown } }[] = []
  readonly steps: ProgramStep<string>[] = []
  readonly levels: string[] = []
  readonly refusals: string[] = []
  failure = ''
  readonly program: ProgramSteps<string>

  constructor(kind: NodeKind = 'replica', { isPlain = false, speaksOurs = true } = {}) {
    const start = startOf({ name: 's1', kind, incarnation: 2, settings: defaultSettings })
    const speaker = speakerOf({ name: 's1', kind, incarnation: 2, speaksOurs }, cluster.map((node) => node.name === 's1' ? { ...node, kind } : node))
    this.program = new ProgramSteps<string>({
      speaker, start, nodes: cluster, dataFolder: '/data/s1', isPlain,
      driver: {
        write: (line) => void this.written.push(JSON.parse(line) as Played['written'][number]),
        stepped: (step) => void this.steps.push(step),
        level: (level, reason) => void this.levels.push(`${level}: ${reason}`),
        refused: (_line, reason) => void this.refusals.push(reason),
        failed: (reason) => { this.failure = reason },
      },
    })
  }

  says(dest: string, body: object, src = 's1'): this {
    this.program.line(JSON.stringify({ src, dest, body }))
    return this
  }

  /** Answers the init, and ends step 0 if it has steps. */
  begins(lab: object): this {
    this.says('c0', { type: 'init_ok', in_reply_to: 1, lab })
    return 'steps' in lab ? this.says('lab', { type: 'done', step: 0 }) : this
  }

  /** The steps so far, in words: the input, and how many effects it had. */
  get told(): string[] {
    return this.steps.map(({ step, input, token, effects }) => `${step} ${input?.type ?? 'acted'}${token ?? ''} ${effects.map(({ type }) => type).join(' ')}`.trimEnd())
  }
}

const append: Input = { type: 'message', from: 's2', message: { type: 'foreign', kind: 'append', body: { term: 1, msg_id: 4 } } }
const steps = { steps: true }
const everything = { steps: true, timers: true, reports: true }

describe('a program that asks a service before it answers its init', () => {
  it('gets the answer, and has no steps', () => {
    const played = new Played('server', { speaksOurs: false }).says('lin-kv', { type: 'read', key: 'a', msg_id: 1 })
    played.program.give(append)
    expect(played.told).toEqual([])
    expect(played.program.hasSentEarly).toBe(true)
    played.program.beginEarly()
    expect(played.told).toEqual(['0 start send', '1 message'])
    expect(played.levels).toEqual([expect.stringMatching(/^0: it sent messages before its init_ok/)])
    expect(played.program.busyWith).toBe('init')
    played.says('c0', { type: 'init_ok', in_reply_to: 1, lab: everything })
    expect([played.refusals, played.levels.length, played.program.isBusy]).toEqual([[], 1, false])
  })

  it('must answer it in time all the same', () => {
    const played = new Played('server', { speaksOurs: false }).says('lin-kv', { type: 'read', key: 'a', msg_id: 1 })
    played.program.beginEarly()
    played.program.silent(10_000)
    expect(played.failure).toBe('no init_ok came within 10 s')
  })

  it('is not meant by lines that come together with the init_ok', () => {
    const played = new Played().says('s2', { type: 'foreign-word' })
    played.begins(everything)
    played.program.beginEarly()
    expect(played.levels).toEqual(['3: '])
  })
})

describe('a timer that is due while a step runs', () => {
  const due: Input = { type: 'timer', name: 'retry' }

  it.each([['cancels', { type: 'cancel_timer', name: 'retry' }], ['sets anew', { type: 'set_timer', name: 'retry', ms: 10 }]])('does not fire when the step %s it', (_what, word) => {
    const played = new Played().begins(everything)
    played.program.give(append)
    played.program.give(due)
    played.says('lab', word).says('lab', { type: 'done', step: 1 })
    expect(played.told.filter((step) => step.includes('timer') && !step.includes('message'))).toEqual([])
    expect(played.written.at(-1)?.body.type).toBe('append')
  })

  it('fires when the step leaves it', () => {
    const played = new Played().begins(everything)
    played.program.give(append)
    played.program.give(due)
    played.says('lab', { type: 'cancel_timer', name: 'other' }).says('lab', { type: 'done', step: 1 })
    expect(played.written.at(-1)?.body).toMatchObject({ type: 'timer', name: 'retry' })
  })
})

describe('the init', () => {
  it('tells the program who it is, and what the lab knows', () => {
    const [init] = new Played().written
    expect(init).toMatchObject({ src: 'c0', dest: 's1', step: 0, body: { type: 'init', msg_id: 1, node_id: 's1', node_ids: ['vs', 's1', 's2'] } })
    expect(init?.body.lab).toMatchObject({
      version: 1, kind: 'replica', incarnation: 2, seed: 's1.2', data: '/data/s1', settings: { pingIntervalMs: 100, deadPings: 5 }, nodes: { vs: 'view-server', c1: 'client' },
    })
  })

  it('is Maelstrom\'s and nothing else for a plain program', () => {
    expect(new Played('server', { isPlain: true }).written).toEqual([{ src: 'c0', dest: 's1', body: { type: 'init', msg_id: 1, node_id: 's1', node_ids: ['vs', 's1', 's2'] } }])
  })

  it.each([
    [{}, '0: its init_ok offers no steps'], [steps, '1: its init_ok offers no timers'], [{ steps: true, timers: true }, '2: its init_ok offers no reports'], [everything, '3: '],
    [{ timers: true, reports: true }, '0: its init_ok offers no steps'],
  ])('with the offers %j decides the level', (lab, level) => {
    const played = new Played().begins(lab)
    expect(played.levels).toHaveLength(1)
    expect(played.levels[0]).toContain(level)
    expect(played.told).toEqual(['0 start'])
  })

  it('ends the node if it is refused, or not answered in time', () => {
    const refused = new Played()
    refused.says('c0', { type: 'error', code: 10, text: 'no such node' })
    expect(refused.failure).toBe('it answered its init with an error: no such node')
    const late = new Played().begins({})
    late.says('c0', { type: 'error', code: 10, text: 'late' })
    expect([late.failure, late.refusals]).toEqual(['', ['it has answered its init already']])
    const silent = new Played()
    silent.program.silent(10_000)
    expect(silent.failure).toBe('no init_ok came within 10 s')
  })
})

describe('at level 0', () => {
  it('an input is a step at once, and what the program writes is an act of its own', () => {
    const played = new Played().begins({})
    played.program.give(append, '!')
    played.says('s2', { type: 'append_ok', in_reply_to: 4 }).says('s2', { type: 'vote' })
    expect(played.told).toEqual(['0 start', '1 message!'])
    played.program.flush()
    expect(played.told).toEqual(['0 start', '1 message!', '2 acted send send'])
    expect(played.written.at(-1)).toEqual({ src: 's2', dest: 's1', body: { type: 'append', term: 1, msg_id: 4 } })
  })

  it('the program knows of no lab: a lost connection is not given', () => {
    const played = new Played().begins({})
    played.program.give({ type: 'peer-lost', peer: 's2' })
    expect([played.told, played.written.length]).toEqual([['0 start'], 1])
  })
})

describe('with steps', () => {
  it('inputs are given one at a time, and every line has its cause', () => {
    const played = new Played().begins(everything)
    for (const token of ['!', '?']) played.program.give(append, token)
    expect(played.written).toHaveLength(2)
    played.says('s2', { type: 'append_ok' }).says('lab', { type: 'set_timer', name: 'election', ms: 150 }).says('lab', { type: 'state', state: { term: 1 } }).says('lab', { type: 'done', step: 1 })
    expect(played.told).toEqual(['0 start', '1 message! send set-timer report'])
    expect(played.written.at(-1)).toMatchObject({ step: 2, body: { type: 'append' } })
    played.says('lab', { type: 'done', step: 2 }).program.give({ type: 'timer', name: 'election' })
    expect(played.written.at(-1)).toEqual({ src: 'lab', dest: 's1', step: 3, body: { type: 'timer', name: 'election' } })
  })

  it('a line outside of a step takes it to level 0', () => {
    const played = new Played().begins(steps).says('s2', { type: 'vote' })
    played.program.flush()
    expect([played.told, played.levels.at(-1)]).toEqual([['0 start', '1 acted send'], '0: it wrote a line outside of a step'])
  })

  it('a step without an end takes it to level 0, and what waits is given', () => {
    const played = new Played().begins(steps)
    for (const token of ['!', '?']) played.program.give(append, token)
    played.says('s2', { type: 'append_ok' }).program.silent(5000)
    expect(played.told).toEqual(['0 start', '1 message! send', '2 message?'])
    expect(played.levels.at(-1)).toBe('0: silent since step 1: no done came within 5 s')
    expect(played.says('lab', { type: 'done', step: 1 }).refusals).toEqual(['it is at level 0 now'])
  })

  it('a start that never ends is level 0 too, said once', () => {
    const played = new Played().says('c0', { type: 'init_ok', lab: steps })
    played.program.silent(5000)
    expect([played.told, played.levels]).toEqual([['0 start'], ['0: silent since step 0: no done came within 5 s']])
  })
})

describe('our words', () => {
  it('become messages of the protocol, without the numbers of an envelope and with the address that a lab has none for', () => {
    const played = new Played().begins({}).says('vs', { type: 'ping', viewnum: 1, incarnation: 2, msg_id: 3 }).says('s2', { type: 'forward-ack', viewnum: 1, fromIncarnation: 2, toIncarnation: 1, executed: 7 })
    played.program.flush()
    expect(played.steps.at(-1)?.effects).toEqual([
      { type: 'send', to: 'vs', message: { type: 'ping', viewnum: 1, incarnation: 2, address: '', initialised: [] } },
      { type: 'send', to: 's2', message: { type: 'forward-ack', viewnum: 1, fromIncarnation: 2, toIncarnation: 1, executed: 7 } },
    ])
  })

  it('keep bytes that are no text', () => {
    const played = new Played().begins({})
    played.program.give({ type: 'message', from: 'c1', message: { type: 'request', clientId: 'c', requestId: 1, viewnum: 1, operation: { type: 'put', key: utf8ToBytes('k'), value: '\x00\xff' as never } } })
    const { body } = played.written.at(-1) ?? { body: { type: '' } }
    expect(body).toMatchObject({ type: 'request', operation: { type: 'put', key: 'k', value: 'base64:AP8=' } })
    played.says('s2', { ...body, type: 'forward', viewnum: 1, fromIncarnation: 1, toIncarnation: 1, seq: 1, clientId: 'c', requestId: 1 }).program.flush()
    expect(played.steps.at(-1)?.effects[0]).toMatchObject({ message: { type: 'forward', operation: { value: '\x00\xff' } } })
  })

  it('are a program\'s own where the cluster does not speak ours', () => {
    const played = new Played('server', { speaksOurs: false }).begins({}).says('s2', { type: 'ping', round: 1 })
    played.program.flush()
    expect(played.steps.at(-1)?.effects).toEqual([{ type: 'send', to: 's2', message: { type: 'foreign', kind: 'ping', body: { round: 1 } } }])
  })

  it.each([
    ['vs', { type: 'ping', viewnum: 'one', incarnation: 2 }, 'it is no ping of the protocol: its viewnum is missing or of the wrong kind'],
    ['s2', { type: 'view-reply', view: { viewnum: 1, primary: { name: 's9', incarnation: 1 }, backups: [] }, toIncarnation: 1 }, 'it is no view-reply of the protocol: has a view with s9, which is none of the nodes here (vs, s1, s2, c1)'],
    ['s2', { type: 'reply', clientId: 'c', requestId: 1, viewnum: 1, seq: 1, replayed: false, executedViewnum: 1, result: { type: 'value', value: 'base64:!' } }, 'it is no reply of the protocol: its result.value is not base64'],
    ['lab', { type: 'role', role: 'leader' }, 'its role cannot be used: its role is none that exists'],
    ['lab', { type: 'state' }, 'its state cannot be used: its state is missing or of the wrong kind'],
    ['lab', { type: 'returned', id: 1 }, 'its returned cannot be used: tells an operation of s1, which is a replica and no client'],
    ['lab', { type: 'dance' }, 'the lab knows no "dance"'],
    ['lab', { type: 'set_timer', name: '', ms: 5 }, 'a timer\'s name has 1 to 100 bytes'],
    ['lab', { type: 'set_timer', name: 't', ms: -5 }, 'its ms is no number from 0 to 86400000'],
    ['S2', { type: 'x' }, 'its dest is "S2", which no node can be called'],
    ['c1/x', { type: 'x' }, 'its dest is "c1/x", which no node can be called'],
    [`c1/${'1'.repeat(40)}`, { type: 'x' }, 'which no node can be called'],
    ['s2', { type: 'ü'.repeat(51) }, 'the type of its body is longer than 100 bytes'],
    ['lab', { type: 'set_timer', name: 'ü'.repeat(51), ms: 5 }, 'a timer\'s name has 1 to 100 bytes'],
    ['c0', { type: 'hello' }, 'it answers init with "hello", and the answer is init_ok'],
  ])('to %s: %j is refused with its reason', (dest, body, reason) => {
    const played = new Played().begins(everything)
    played.program.give(append)
    expect(played.says(dest, body).refusals[0]).toContain(reason)
    expect(played.says('lab', { type: 'done', step: 1 }).told.at(-1)).toBe('1 message')
  })

  it('may carry the request of a client on, under the client\'s name, where the words are a program\'s own', () => {
    const passed = (played: Played): Played => {
      played.program.line('{"src":"c1","dest":"s2","body":{"type":"read","msg_id":3}}')
      played.program.flush()
      return played
    }
    expect(passed(new Played('server', { speaksOurs: false }).begins({})).steps.at(-1)?.effects).toEqual([{ type: 'send', to: 's2', as: 'c1', message: { type: 'foreign', kind: 'read', body: { msg_id: 3 } } }])
    expect(passed(new Played().begins({})).refusals).toEqual(['its src is "c1", and it is s1'])
  })

  it.each([['hello', 'it is not JSON'], ['[1]', 'it is no JSON object'], ['{"src":"s1","body":{}}', 'it has no dest'], ['{"src":"s1","dest":"s2"}', 'it has no body'],
    ['{"src":"s1","dest":"s2","body":{"a":1}}', 'its body has no type'], ['{"src":"s2","dest":"s1","body":{"type":"x"}}', 'its src is "s2", and it is s1'],
    [`{"src":"s1","dest":"s2","body":{"type":"x","a":${'['.repeat(200)}${']'.repeat(200)}}}`, 'nested more than 100 deep']])('the line %s is refused', (line, reason) => {
    const played = new Played().begins({})
    played.program.line(line)
    expect(played.refusals[0]).toContain(reason)
  })
})

describe('whatever a program writes', () => {
  const word = fc.constantFrom('s1', 's2', 'vs', 'c0', 'lab', 'c1', 'x', '', 'done', 'init_ok', 'set_timer', 'cancel_timer', 'role', 'state', 'returned', 'note', 'view_changed', 'view_acked',
    'transfer_installed', 'ping', 'forward', 'view-reply', 'foreign', '__proto__', 'constructor')
  const value = fc.oneof(word, fc.integer({ min: -2, max: 9 }), fc.boolean(), fc.constant(null), fc.jsonValue())
  const body = fc.dictionary(fc.constantFrom('type', 'step', 'name', 'ms', 'id', 'view', 'viewnum', 'role', 'state', 'text', 'outcome', 'lab', 'result'), value)
  const lines = fc.array(fc.oneof(
    fc.record({ src: fc.constantFrom('s1', 's1', 's1', 'x'), dest: word, body: fc.oneof(body, value) }).map((line) => JSON.stringify(line)), fc.string(), fc.json(),
  ), { maxLength: 60 })

  it('is a step or a refusal, and steps are numbered without gaps', () => {
    fc.assert(fc.property(lines, fc.constantFrom({}, steps, everything), fc.constantFrom<NodeKind>('replica', 'client', 'server', 'view-server'), (written, lab, kind) => {
      const played = new Played(kind).begins(lab)
      for (const line of written) {
        played.program.line(line)
        played.program.give(append)
      }
      played.program.silent(5000)
      played.program.flush()
      expect(played.steps.map(({ step }) => step)).toEqual(played.steps.map((_step, index) => index))
      expect(played.steps.filter(({ input }) => input?.type === 'message')).toHaveLength(written.length)
    }), { numRuns: 300 })
  })
})
