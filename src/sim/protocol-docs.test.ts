// docs/protocol.md is complete: it names every message, every transcript, and every mutant with its monitor.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownMonitor } from '../check'
import { messageKinds } from '../protocol'

const page = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8')

test('the protocol page has a row for every message', () => {
  for (const type of messageKinds) expect(page, type).toContain(`| \`${type}\` |`)
})

test('the protocol page names every transcript but the first steps', () => {
  const names = readdirSync(join(import.meta.dirname, 'testdata')).map((file) => file.replace('.txt', '')).filter((name) => name !== 'first-steps')
  for (const name of names) expect(page, name).toContain(`\`${name}\``)
})

test('the protocol page has a row for every mutant, with the monitor that is its own', () => {
  for (const [mutant, monitor] of Object.entries(ownMonitor)) {
    const caughtBy = new RegExp(`^\\| \`${mutant}\` \\| .* \\| (.*) \\| .* \\|$`, 'm').exec(page)?.[1] ?? ''
    expect(caughtBy, mutant).toContain(monitor)
  }
})
