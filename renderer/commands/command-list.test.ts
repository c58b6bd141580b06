import { describe, expect, it } from 'vitest'
import { commandList, matching, type CommandFacts } from './command-list'

const facts = (changes: Partial<CommandFacts> = {}): CommandFacts => ({
  liveProblem: '', commandProblem: '', actProblem: '', branchProblem: '', exploreProblem: '', rerunProblem: '', canPause: true, frozen: false, hasSession: true, follow: true, playProblem: '', isPlaying: false, isSearching: false, isCompared: false, parentProblem: '',
  workloadRuns: false,
  processes: [
    { name: 'vs', kind: 'view-server', role: '', life: 'up' }, { name: 's1', kind: 'replica', role: 'the primary', life: 'up' },
    { name: 's2', kind: 'replica', role: 'a backup', life: 'paused' }, { name: 's3', kind: 'replica', role: 'dead', life: 'dead' },
  ],
  selected: 's1', client: 'c1', viewnum: 2, theme: 'system', startOnOpen: true, scenario: undefined,
  inboxProblem: '', messages: 0, isSelected: false, faults: 0, timers: [], ...changes,
})
const titles = (query: string, changes: Partial<CommandFacts> = {}) => matching(commandList(facts(changes), query), query).map((command) => command.title)

describe('the command palette', () => {
  it('offers to each process what can be done with it', () => {
    expect(titles('kill')).toEqual(['Kill vs', 'Kill s1, the primary', 'Kill s2, a backup', 'Next kill', 'Previous kill'])
    expect(titles('resume')).toEqual(['Resume s2'])
    expect(titles('restart')).toEqual(['Restart s3'])
  })

  it('shows the key only with the selected process', () => {
    const kills = matching(commandList(facts(), 'kill'), 'kill')
    expect(kills.map((command) => command.keys)).toEqual(['', 'K', '', '', ''])
  })

  it('offers every format of an export, and says why there is none without a session', () => {
    expect(titles('export mermaid')).toEqual(['Export as Mermaid sequence diagram…'])
    expect(titles('export')).toHaveLength(8)
    expect(matching(commandList(facts({ hasSession: false }), ''), 'export').map(({ problem }) => problem)).toEqual(Array(8).fill('There is no session.'))
  })

  it('keeps a refused command in the list, with its reason', () => {
    const frozen = commandList(facts({ frozen: true }), '').find((command) => command.name === 'freeze')
    expect(frozen?.problem).toBe('Time is frozen already.')
    expect(commandList(facts({ liveProblem: 'This is a recording: it is read-only.' }), '').filter((command) => command.name === 'kill').every((command) => command.problem !== '')).toBe(true)
  })

  it('offers a branch of a recording, where nothing live can be done', () => {
    const [branch] = matching(commandList(facts({ liveProblem: 'This is a recording: it is read-only.' }), 'branch'), 'branch')
    expect([branch?.name, branch?.keys, branch?.problem]).toEqual(['branch', 'B', ''])
    const [refused] = matching(commandList(facts({ branchProblem: 'There is no session.' }), 'branch'), 'branch')
    expect(refused?.problem).toBe('There is no session.')
  })

  it('offers to explore from here and from a new cluster, and to run again what was done in a freeze', () => {
    const found = (changes: Partial<CommandFacts>) => matching(commandList(facts(changes), ''), 'explore').map(({ name, keys, problem }) => [name, keys, problem])
    expect(found({})).toEqual([['explore-here', 'E', ''], ['explore-new', 'Shift E', '']])
    expect(found({ exploreProblem: 'There is no session.' })).toEqual([['explore-here', 'E', 'There is no session.'], ['explore-new', 'Shift E', '']])
    expect(matching(commandList(facts({ rerunProblem: 'It is not frozen.' }), ''), 'run again')[0]?.problem).toBe('It is not frozen.')
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
    expect([titles('go to #120')[0], titles('go to view 2')[0], titles('go to 1.5 s')[0], titles('Go to time 3 s')[0]]).toEqual(['Event #120', 'View 2', '1.5 s', '3 s'])
    expect(titles('12.5 s')[0]).toBe('12.5 s')
    expect(titles('view 2')[0]).toBe('View 2')
    expect(commandList(facts(), 'view 3')[0]?.problem).toBe('There are 2 views.')
  })

  it('offers a message\'s acts and every frozen timer', () => {
    expect(commandList(facts({ frozen: true, messages: 2 }), '').find((command) => command.name === 'drop-selected')?.problem).toBe('No message is selected.')
    const fire = commandList(facts({ frozen: true, timers: [{ node: 's1', name: 'ping' }] }), '').find((command) => command.name === 'fire')
    expect([fire?.title, fire?.about, fire?.problem]).toEqual(['Fire ping of s1', 's1 ping', ''])
  })

  it('steers a scenario, and says why not', () => {
    const problem = (name: string, scenario?: 'running' | 'paused') => commandList(facts({ scenario }), '').find((command) => command.name === name)?.problem
    expect([problem('scenario-pause', 'running'), problem('scenario-step', 'paused'), problem('run-scenario')]).toEqual(['', '', ''])
    expect([problem('scenario-step', 'running'), problem('scenario-stop')]).toEqual(['The scenario runs: pause it first.', 'No scenario plays here.'])
  })

  it('finds commands by the beginnings of words, in any order', () => {
    expect(titles('gz save')).toEqual(['Save the recording, packed (.jsonl.gz)'])
    expect(titles('dark')).toEqual(['Theme: dark'])
    expect(titles('ill')).toEqual([])
  })

  it('plays where it can, and walks through matches where something is searched for', () => {
    const problemOf = (name: string, changes: Partial<CommandFacts>) => commandList(facts(changes), '').find((command) => command.name === name)?.problem
    expect([problemOf('play', {}), problemOf('play', { playProblem: 'Go back first.' }), problemOf('play', { playProblem: 'Go back first.', isPlaying: true })]).toEqual(['', 'Go back first.', ''])
    expect([problemOf('next-match', {}), problemOf('next-match', { isSearching: true })]).toEqual(['There is no search.', ''])
  })
})
