// The page of mutants says what catches each mutant, and from which seed on; those seeds run again here, so that it stays true. The full page,
// with all earlier seeds, is made by the command itself (`npm run lab -- mutants`).
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ownMonitor } from '../check'
import { mutantNames, type MutantName } from '../protocol'
import { drawPlan } from './simulate/draw-plan'
import { runPlan } from './simulate/run-plan'

interface Row { readonly name: string; readonly monitor: string; readonly linearizability: string; readonly others: string }

const page = readFileSync(new URL('../../docs/mutants.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (?:`([a-z-]+)`|none) \| (.*?) \| (.*?) \| (.*) \|$/gm)]
  .map(([, name = 'none', monitor = '', linearizability = '', others = '']): Row => ({ name, monitor, linearizability, others }))
const seedIn = (cell: string): string => /seed (\d+)/.exec(cell)?.[1] ?? ''
/** No different from the protocol for our primaries, which list every backup in their ack; a foreign primary shows it (mutants.test.ts). */
const equalForOurs: readonly MutantName[] = ['keeps-ack-list']

test('every mutant is on the page, and something catches it there; nothing catches the protocol as it is', () => {
  expect(rows.map(({ name }) => name)).toEqual([...mutantNames, 'none'])
  const caught = rows.filter(({ monitor, linearizability, others }) => seedIn(monitor) !== '' || seedIn(linearizability) !== '' || /step|\d \(/.test(others)).map(({ name }) => name)
  expect(mutantNames.filter((name) => !caught.includes(name))).toEqual(equalForOurs)
  expect(caught).not.toContain('none')
})

test.each(mutantNames)('%s is caught by its monitor at the seed that the page names', (mutant) => {
  const monitor = rows.find(({ name }) => name === mutant)?.monitor ?? ''
  if (equalForOurs.includes(mutant)) return expect(monitor).toBe('-')
  expect(monitor.startsWith(`${ownMonitor[mutant]} (`)).toBe(true)
  expect(runPlan(drawPlan(seedIn(monitor), { mutants: [mutant] }), { only: ownMonitor[mutant] }).found).toMatchObject({ check: ownMonitor[mutant] })
})

test('where the page says that the clients saw it, their history is not linearizable', () => {
  const seen = rows.filter(({ linearizability }) => linearizability !== '-')
  expect(seen.length).toBeGreaterThan(20)
  for (const { name, linearizability } of seen) {
    const { found } = runPlan(drawPlan(seedIn(linearizability), { mutants: [name as MutantName] }), { only: 'linearizability' })
    expect(found, name).toMatchObject({ check: 'linearizability' })
  }
})
