// Programs that are not ours as nodes of a real cluster: their messages pass the switchboard, they are killed, paused, restarted and frozen, and what
// a bad one does has one sentence and touches nobody else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../protocol'
import { createRecordingReader, type EndedOutcome, type EventOf, type TraceEvent } from '../../trace'
import { Harness, isAlive, quick } from '../testing/cluster-harness'
import { programLimits, type ProgramSpec } from './program-spec'
import { example, script, spec } from './testing/programs'

let harness: Harness
afterEach(() => harness?.stop())

/** Servers n1 ... that run these programs, and a client that speaks Maelstrom's requests. */
function start(...specs: ProgramSpec[]): Promise<Harness> {
  harness = new Harness({
    settings: { ...quick, operationTimeoutMs: 5000 }, dialect: 'maelstrom',
    nodes: [...specs.map((program, index) => ({ name: `n${index + 1}`, kind: 'server', spec: program } as const)), { name: 'c1', kind: 'client' }],
  })
  return harness.start()
}

function call(kind: string, body: JsonObject = {}, target = 'n1'): Promise<EndedOutcome> {
  return harness.operation('c1', { type: 'call', kind, body }, { target })
}

const bodyOf = (outcome: EndedOutcome): unknown => outcome.type === 'ok' && outcome.result.type === 'answered' ? [outcome.result.kind, outcome.result.body] : outcome
const ofType = <T extends TraceEvent['type']>(type: T): EventOf<T>[] => harness.events.filter((event): event is EventOf<T> => event.type === type)
const level = (node = 'n1') => harness.until(`the level of ${node}`, (event) => event.type === 'program-level' && event.node === node)

/** The pid of the program that the last process of this node hosts. */
function programOf(node: string): number {
  const host = ofType('node-started').findLast((event) => event.node === node)?.pid ?? 0
  return Number(readFileSync(`/proc/${host}/task/${host}/children`, 'utf8').trim().split(' ')[0])
}

/** The letter of the process's state: T for a stopped one. */
function stateOf(pid: number): string {
  return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
}

describe('a program of JavaScript with our library', () => {
  it('answers what it is asked, and every message has its cause', async () => {
    await start(example('javascript/echo.mjs'))
    expect(await level()).toMatchObject({ level: 3, reason: '' })
    expect(bodyOf(await call('echo', { echo: { deep: [1, null, 'ü'] } }))).toEqual(['echo_ok', { echo: { deep: [1, null, 'ü'] } }])
    const [answer] = ofType('message-sent').filter(({ from }) => from === 'n1')
    const taken = ofType('message-taken').find(({ node }) => node === 'n1')
    expect(answer?.id).toBe(`n1.1.${taken?.step}.0`)
    expect(ofType('state-told')).toMatchObject([{ node: 'n1', step: taken?.step, state: { echoes: 1 } }])
    expect(harness.state.nodes.get('n1')?.program).toMatchObject({ level: 3, state: { echoes: 1 } })
  })

  it('is killed and restarted with empty memory, and its last message may be held and lost', async () => {
    await start(example('javascript/echo.mjs'))
    await call('echo', { echo: 1 })
    const [{ pid = 0 } = {}] = ofType('node-started').filter(({ node }) => node === 'n1')
    await harness.cluster.perform({ type: 'restart', node: 'n1' })
    await harness.until('the second start', (event) => event.type === 'node-started' && event.node === 'n1' && event.incarnation === 2)
    expect(isAlive(pid)).toBe(false)
    await call('echo', { echo: 2 })
    expect(ofType('state-told').map(({ state, incarnation }) => [incarnation, state.echoes])).toEqual([[1, 1], [2, 1]])
    await harness.cluster.perform({ type: 'kill', node: 'n1' })
    await harness.until('its end', (event) => event.type === 'node-exited' && event.node === 'n1' && event.incarnation === 2)
  })

  it('takes nothing while it is paused, and everything afterwards', async () => {
    await start(example('javascript/echo.mjs'))
    await level()
    await harness.cluster.perform({ type: 'pause', node: 'n1' })
    const outcome = call('echo', { echo: 1 })
    await harness.until('the message on its way', (event) => event.type === 'message-handed')
    await harness.cluster.perform({ type: 'resume', node: 'n1' })
    expect(bodyOf(await outcome)).toEqual(['echo_ok', { echo: 1 }])
  })

  it('takes one message at a time by hand in a freeze', async () => {
    await start(example('javascript/echo.mjs'))
    await level()
    await harness.cluster.perform({ type: 'freeze' })
    const outcome = call('echo', { echo: 1 })
    const sent = await harness.until('the request', (event) => event.type === 'message-sent')
    await harness.cluster.perform({ type: 'deliver', id: (sent as EventOf<'message-sent'>).id })
    const answer = await harness.until('the answer', (event) => event.type === 'message-sent' && event.from === 'n1')
    await harness.cluster.perform({ type: 'deliver', id: (answer as EventOf<'message-sent'>).id })
    expect(bodyOf(await outcome)).toEqual(['echo_ok', { echo: 1 }])
    await harness.cluster.perform({ type: 'thaw' })
  })
})

describe('a program with a clock of its own', () => {
  /** Says a number every 20 ms. */
  const ticking = script('let n = 0; take = ({ body }) => { if (body.type === \'init\') setInterval(() => say(\'n2\', { type: \'tick\', n: ++n }), 20) }')

  it('acts by itself, and not while the cluster is frozen', async () => {
    await start(ticking, script(''))
    await harness.until('a tick', (event) => event.type === 'message-taken' && event.node === 'n2')
    expect(await level()).toMatchObject({ level: 0 })
    expect(ofType('acted').length).toBeGreaterThan(0)
    await harness.cluster.perform({ type: 'freeze' })
    // A busy system lets it run to where the signal takes effect.
    await expect.poll(() => stateOf(programOf('n1')), { timeout: 60_000 }).toBe('T')
    const acted = ofType('acted').length
    await harness.cluster.perform({ type: 'thaw' })
    await harness.until('another tick', (event) => event.type === 'message-sent', harness.events.length)
    expect(ofType('acted').length).toBeGreaterThan(acted)
  })

  it('answers a message that is given to it by hand in a freeze', async () => {
    await start(script('take = ({ src, body }) => { if (body.type === \'ask\') say(src, { type: \'ask_ok\', in_reply_to: body.msg_id }) }'))
    await level()
    await harness.cluster.perform({ type: 'freeze' })
    void call('ask')
    const sent = await harness.until('the request', (event) => event.type === 'message-sent')
    await harness.cluster.perform({ type: 'deliver', id: (sent as EventOf<'message-sent'>).id })
    await harness.until('the answer', (event) => event.type === 'message-sent' && event.from === 'n1')
    await harness.cluster.perform({ type: 'thaw' })
  })
})

describe('a bad program', () => {
  const quickly = { limits: { ...programLimits, initMs: 500, stepMs: 300 } }

  it.each([
    ['that does not exist', spec(['/nowhere/node']), 'could not be started: the program is not there'],
    ['that exits in its init', spec([process.execPath, '--eval', 'console.error("no config"); process.exit(7)']), 'no config'],
    ['that never answers its init', spec(['/bin/cat', '/dev/zero'].slice(0, 1) as [string], { ...quickly, command: ['/bin/sleep', '60'] }), 'no init_ok came within 0.5 s'],
    ['that answers its init with an error', script('', { command: [process.execPath, '--eval', 'console.log(JSON.stringify({src:"n1",dest:"c0",body:{type:"error",code:13,text:"no quorum"}})); setInterval(() => {}, 1000)'] }), 'no quorum'],
  ])('%s is not started, with its reason, and nothing is left', async (_what, program, reason) => {
    await expect(start(program)).rejects.toThrow(reason)
  })

  it.each([
    ['no JSON', 'line(\'hello\')', 'it is not JSON'],
    ['half an object', 'line(\'{"src":\')', 'it is not JSON'],
    ['another node\'s src', 'line(JSON.stringify({ src: \'n9\', dest: \'c1\', body: { type: \'x\' } }))', 'its src is "n9", and it is n1'],
    ['17 MiB', 'line(JSON.stringify({ src: id, dest: \'c1\', body: { type: \'x\', text: \'y\'.repeat(17 * 1024 * 1024) } }))', 'it is longer than 16 MiB'],
  ])('that writes %s is told so, and goes on', async (_what, act, reason) => {
    await start(script(`take = ({ src, body }) => { if (body.type === 'ask') { ${act}; say(src, { type: 'ask_ok', in_reply_to: body.msg_id }) } }`))
    expect(bodyOf(await call('ask'))).toEqual(['ask_ok', {}])
    expect(await harness.until('the refusal', (event) => event.type === 'line-refused')).toMatchObject({ node: 'n1', reason })
  })

  it('that passes a request on is answered for by another node', async () => {
    await start(script('take = (message) => { if (message.body.type === \'ask\') line(JSON.stringify({ ...message, dest: \'n2\' })) }'), script('take = ({ src, body }) => { if (body.type === \'ask\') say(src, { type: \'ask_ok\', in_reply_to: body.msg_id }) }'))
    expect(await call('ask')).toMatchObject({ type: 'ok', by: 'n2' })
    expect(ofType('message-sent').map(({ from, fromAs, to }) => [from, fromAs ?? '', to])).toEqual([['c1', '', 'n1'], ['n1', 'c1', 'n2'], ['n2', '', 'c1']])
  })

  it('that sends to nobody loses its message', async () => {
    await start(script('take = ({ src, body }) => { if (body.type === \'ask\') say(\'n7\', { type: \'x\' }) }'))
    void call('ask')
    expect(await harness.until('the loss', (event) => event.type === 'message-dropped')).toMatchObject({ reason: { type: 'no-such-node' } })
  })

  it('that ends no step goes on without steps, with the reason', async () => {
    await start(script('lab = { steps: true }; take = ({ src, step, body }) => { if (body.type === \'ask\') say(src, { type: \'ask_ok\', in_reply_to: body.msg_id }); else say(\'lab\', { type: \'done\', step }) }', quickly))
    expect(bodyOf(await call('ask'))).toEqual(['ask_ok', {}])
    expect(await harness.until('the fall', (event) => event.type === 'program-level' && event.level === 0)).toMatchObject({ reason: 'silent since step 1: no done came within 0.3 s' })
  })

  it('that writes without an end is ended, and the others are not disturbed', async () => {
    await start(example('javascript/echo.mjs'), script('take = () => { const more = () => { for (let i = 0; i < 2000; i++) line(\'x\'); setImmediate(more) }; more() }', { limits: { ...programLimits, linesPerSecond: 20_000 } }))
    expect(await harness.until('its end', (event) => event.type === 'node-exited' && event.node === 'n2')).toMatchObject({ code: 1 })
    expect((ofType('node-exited')[0]?.stderr ?? '')).toContain('it wrote more than 20000 lines in a second')
    expect(bodyOf(await call('echo', { echo: 1 }))).toEqual(['echo_ok', { echo: 1 }])
  })

  it('that floods its standard error is told in part, with the number of the rest', async () => {
    await start(script('take = ({ src, body }) => { if (body.type === \'ask\') { for (let i = 0; i < 5000; i++) console.error(\'line \' + i); say(src, { type: \'ask_ok\', in_reply_to: body.msg_id }) } }'))
    await call('ask')
    await harness.cluster.perform({ type: 'kill', node: 'n1' })
    await harness.until('its end', (event) => event.type === 'node-exited')
    expect(ofType('program-said').length).toBeLessThan(500)
  })

  it('that leaves a process in a session of its own leaves nothing', async () => {
    await start(script('import { spawn } from \'node:child_process\'; take = ({ src, body }) => { if (body.type === \'ask\') { const child = spawn(\'/bin/sleep\', [\'600\'], { detached: true, stdio: \'ignore\' }); say(src, { type: \'ask_ok\', in_reply_to: body.msg_id, pid: child.pid }) } }; process.on(\'SIGTERM\', () => {}); onEnd.exit = () => {}; setInterval(() => {}, 1000)'))
    const [, body] = bodyOf(await call('ask')) as [string, { pid: number }]
    expect(isAlive(body.pid)).toBe(true)
    await harness.cluster.perform({ type: 'kill', node: 'n1' })
    await harness.until('its end', (event) => event.type === 'node-exited')
    for (let waited = 0; waited < 5000 && isAlive(body.pid); waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isAlive(body.pid)).toBe(false)
  })

  it('that ends and leaves a process which holds its output is gone all the same, and so is that process', async () => {
    await start(script('import { spawn } from \'node:child_process\'; take = ({ src, body }) => { if (body.type === \'ask\') { const child = spawn(\'/bin/sleep\', [\'600\'], { detached: true, stdio: \'inherit\' }); child.unref(); say(src, { type: \'ask_ok\', in_reply_to: body.msg_id, pid: child.pid }); setTimeout(() => process.exit(9), 50) } }'))
    const [, body] = bodyOf(await call('ask')) as [string, { pid: number }]
    expect(await harness.until('its end', (event) => event.type === 'node-exited')).toMatchObject({ code: 9 })
    await expect.poll(() => isAlive(body.pid), { timeout: 60_000 }).toBe(false)
  })

  it('that writes ten thousand lines of any kind harms nobody', async () => {
    const word = fc.constantFrom('n1', 'n2', 'c1', 'c1/2', 'lab', 'c0', 'N', '', 'x'.repeat(300), 'ü'.repeat(60), '__proto__')
    const kind = fc.oneof(word, fc.constantFrom('done', 'init_ok', 'set_timer', 'cancel_timer', 'role', 'state', 'returned', 'note', 'view_changed', 'echo', 'error', 'ping', 'foreign'))
    const line = fc.oneof(
      { weight: 6, arbitrary: fc.record({ src: fc.constantFrom('n1', 'n1', 'n2'), dest: word, body: fc.dictionary(fc.constantFrom('name', 'ms', 'step', 'state', 'text', 'in_reply_to', 'id', 'outcome'), fc.jsonValue(), { maxKeys: 4 }), type: kind }).map(({ body, type, ...rest }) => JSON.stringify({ ...rest, body: { type, ...body } })) },
      { weight: 1, arbitrary: fc.json() }, { weight: 1, arbitrary: fc.string().map((text) => text.replaceAll(/[\r\n]/g, '')) },
    )
    const folder = mkdtempSync(join(tmpdir(), 'understudy-test-'))
    const path = join(folder, 'lines')
    writeFileSync(path, `${fc.sample(line, { numRuns: 10_000, seed: 7 }).join('\n')}\n`)
    await start(script(`import { readFileSync } from 'node:fs'; take = ({ src, body }) => { if (body.type === 'ask') { process.stdout.write(readFileSync(${JSON.stringify(path)})); say(src, { type: 'ask_ok', in_reply_to: body.msg_id }) } }`), example('javascript/echo.mjs'))
    expect(bodyOf(await call('ask'))).toEqual(['ask_ok', {}])
    expect(bodyOf(await call('echo', { echo: 1 }, 'n2'))).toEqual(['echo_ok', { echo: 1 }])
    expect(ofType('line-refused').length).toBeGreaterThan(1000)
    expect(ofType('node-exited')).toEqual([])
    await harness.cluster.stop()
    const reader = createRecordingReader()
    expect(() => reader.push(readFileSync(harness.recordingPath, 'utf8'))).not.toThrow()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gets the environment of its person, and none of the lab\'s secrets', async () => {
    process.env['OF_THE_PERSON'] = 'yes'
    await start(script('take = ({ src, body }) => { if (body.type === \'ask\') say(src, { type: \'ask_ok\', in_reply_to: body.msg_id, names: Object.keys(process.env).filter((name) => /PERSON|UNDERSTUDY/.test(name)).sort() }) }'))
    delete process.env['OF_THE_PERSON']
    const [, body] = bodyOf(await call('ask')) as [string, { names: string[] }]
    expect(body.names).toEqual(expect.arrayContaining(['OF_THE_PERSON', 'UNDERSTUDY_CLUSTER', 'UNDERSTUDY_LIFE']))
    expect(body.names.filter((name) => /SECRET|SWITCHBOARD|PROGRAM/.test(name))).toEqual([])
  })
})

it('reads a recording of programs back', async () => {
  await start(example('javascript/echo.mjs'))
  await call('echo', { echo: 1 })
  await harness.cluster.stop()
  const [header = ''] = readFileSync(harness.recordingPath, 'utf8').split('\n')
  expect(JSON.parse(header)).toMatchObject({ dialect: 'maelstrom', nodes: [{ name: 'n1', kind: 'server' }, { name: 'c1', kind: 'client' }] })
})
