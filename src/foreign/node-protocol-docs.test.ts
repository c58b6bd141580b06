// docs/node-protocol.md is kept true: every line that a program writes there is one that the lab takes, and every line that it gets is one that the lab
// writes.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultSettings, startOf, utf8ToBytes, type JsonObject } from '../protocol'
import { readLine, resetLine } from './line'
import { ProgramSteps } from './program-steps'
import { speakerOf } from './speaker'

const page = readFileSync(new URL('../../docs/node-protocol.md', import.meta.url), 'utf8')
const linesOf = (kind: 'from' | 'to'): string[] => [...page.matchAll(new RegExp(`^\`\`\`json ${kind}\n(.+)\n\`\`\`$`, 'gm'))].map(([, line = '']) => line)

const cluster = [{ name: 'n0', kind: 'server' }, { name: 'n1', kind: 'server', program: './mine' }, { name: 'lin-kv', kind: 'service' }, { name: 'c1', kind: 'client' }] as const
const ours = [{ name: 'vs', kind: 'view-server', program: './vs' }, { name: 's1', kind: 'replica', program: './mine' }, { name: 's2', kind: 'replica', program: './mine' }, { name: 'c1', kind: 'client', program: './client' }] as const
const speaker = speakerOf({ name: 'n1', kind: 'server', incarnation: 2, speaksOurs: false }, cluster)

describe('docs/node-protocol.md', () => {
  it('has lines both ways', () => {
    expect(linesOf('from').length).toBeGreaterThan(8)
    expect(linesOf('to').length).toBe(4)
  })

  it.each(linesOf('from'))('a program may write %s', (line) => {
    expect(() => readLine(line, speaker)).not.toThrow()
  })

  it.each([...page.matchAll(/^```json ours (\S+)\n(.+)\n```$/gm)].map(([, name = '', line = '']) => [name, line]))('%s may write %s', (name, line) => {
    const kind = ours.find((node) => node.name === name)?.kind ?? 'server'
    expect(readLine(line, speakerOf({ name, kind, incarnation: 1, speaksOurs: true }, ours))).not.toMatchObject({ message: { type: 'foreign' } })
  })

  it('a client gets the operation that it shows', () => {
    const [, line = ''] = /^```json ours-to c1\n(.+)\n```$/m.exec(page) ?? []
    const written: JsonObject[] = []
    const steps = new ProgramSteps<null>({
      speaker: speakerOf({ name: 'c1', kind: 'client', incarnation: 1, speaksOurs: true }, ours), nodes: ours, dataFolder: '', isPlain: false,
      start: startOf({ name: 'c1', kind: 'client', incarnation: 1, settings: defaultSettings }),
      driver: {
        write: (text) => void written.push(JSON.parse(text) as JsonObject),
        stepped: () => undefined, level: () => undefined, refused: () => undefined, failed: () => undefined,
      },
    })
    steps.line('{"src":"c1","dest":"c0","body":{"type":"init_ok","lab":{"steps":true}}}')
    for (let step = 0; step < 4; step++) {
      steps.line(`{"src":"c1","dest":"lab","body":{"type":"done","step":${step}}}`)
      steps.give({ type: 'operation', operationId: 7, session: -1, target: '', operation: { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes('1') } })
    }
    expect(written).toContainEqual(JSON.parse(line))
  })

  it('a program gets the lines that it shows', () => {
    const written: JsonObject[] = []
    const start = startOf({ name: 'n1', kind: 'server', incarnation: 2, settings: defaultSettings })
    const steps = new ProgramSteps<null>({
      speaker, start, nodes: cluster, dataFolder: '', isPlain: false,
      driver: {
        write: (line) => void written.push(JSON.parse(line) as JsonObject),
        stepped: () => undefined, level: () => undefined, refused: () => undefined, failed: () => undefined,
      },
    })
    steps.line('{"src":"n1","dest":"c0","body":{"type":"init_ok","lab":{"steps":true,"timers":true}}}')
    for (let step = 0; step < 9; step++) {
      steps.line(`{"src":"n1","dest":"lab","body":{"type":"done","step":${step}}}`)
      steps.give(step === 7 ? { type: 'timer', name: 'election' } : step === 8 ? { type: 'peer-lost', peer: 'n0' } : { type: 'message', from: 'n0', message: { type: 'foreign', kind: 'append', body: { term: 3, msg_id: 12 } } })
    }
    const [init, message, lost, timer] = linesOf('to').map((line) => JSON.parse(line) as JsonObject)
    expect(written[0]).toMatchObject(init ?? {})
    expect(written).toContainEqual(message)
    expect(written).toContainEqual(timer)
    expect(written).toContainEqual(lost)
    expect(page).toContain(`\`\`\`json reset\n${resetLine('n1')}\n`)
  })
})
