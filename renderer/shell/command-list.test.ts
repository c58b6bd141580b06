import { describe, expect, it } from 'vitest'
import { commandList, matching, type CommandFacts } from './command-list'

const facts = (changes: Partial<CommandFacts> = {}): CommandFacts => ({
  liveProblem: '', commandProblem: '', canPause: true, frozen: false, hasSession: true, follow: true, workloadRuns: false,
  processes: [
    { name: 'vs', kind: 'view-server', role: '', life: 'up' }, { name: 's1', kind: 'replica', role: 'the primary', life: 'up' },
    { name: 's2', kind: 'replica', role: 'a backup', life: 'paused' }, { name: 's3', kind: 'replica', role: 'dead', life: 'dead' },
  ],
  selected: 's1', client: 'c1', viewnum: 2, theme: 'system', startOnOpen: true, ...changes,
})
const titles = (query: string, changes: Partial<CommandFacts> = {}) => matching(commandList(facts(changes), query), query).map((command) => command.title)

describe('the command palette', () => {
  it('offers to each process what can be done with it', () => {
    expect(titles('kill')).toEqual(['Kill vs', 'Kill s1, the primary', 'Kill s2, a backup'])
    expect(titles('resume')).toEqual(['Resume s2'])
    expect(titles('restart')).toEqual(['Restart s3'])
  })

  it('shows the key only with the selected process', () => {
    const kills = matching(commandList(facts(), 'kill'), 'kill')
    expect(kills.map((command) => command.keys)).toEqual(['', 'K', ''])
  })

  it('keeps a refused command in the list, with its reason', () => {
    const frozen = commandList(facts({ frozen: true }), '').find((command) => command.name === 'freeze')
    expect(frozen?.problem).toBe('Time is frozen already.')
    expect(commandList(facts({ liveProblem: 'This is a recording: it is read-only.' }), '').filter((command) => command.name === 'kill').every((command) => command.problem !== '')).toBe(true)
  })

  it('never offers to restart the view server without saying why not', () => {
    const restart = commandList(facts({ processes: [{ name: 'vs', kind: 'view-server', role: '', life: 'dead' }] }), '').find((command) => command.name === 'restart')
    expect(restart?.problem).toMatch(/not restarted/)
  })

  it('takes an operation as it is typed', () => {
    expect(titles('put x 9')[0]).toBe('Send put x 9 from c1')
    expect(titles('cas x 1 2')[0]).toBe('Send cas x 1 → 2 from c1')
  })

  it('goes to an event, a time and a view that are typed', () => {
    expect(titles('#120')).toEqual(['Event #120'])
    expect(titles('12.5 s')[0]).toBe('12.5 s')
    expect(titles('view 2')[0]).toBe('View 2')
    expect(commandList(facts(), 'view 3')[0]?.problem).toBe('There are 2 views.')
  })

  it('finds commands by the beginnings of words, in any order', () => {
    expect(titles('gz save')).toEqual(['Save the recording, packed (.jsonl.gz)'])
    expect(titles('dark')).toEqual(['Theme: dark'])
    expect(titles('ill')).toEqual([])
  })
})
