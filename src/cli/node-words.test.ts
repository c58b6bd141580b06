import { Command } from 'commander'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replicaCommand, viewServerCommand } from './node-commands'
import { nodeWordsOf } from './node-words'
import { settingsFrom } from './settings-flags'

test('what a node is told is read without the commands', () => {
  expect(nodeWordsOf(['view-server', '--listen', '/tmp/vs', '--new-cluster', '--dead-pings=7'])).toEqual({
    kind: 'view-server', flags: { listen: '/tmp/vs', newCluster: true, deadPings: 7 },
  })
  expect(nodeWordsOf(['replica', '--name', 's1', '--listen', '127.0.0.1:0', '--view-server', '/tmp/vs', '--replication', 'asynchronous'])).toEqual({
    kind: 'replica', flags: { name: 's1', listen: '127.0.0.1:0', viewServer: '/tmp/vs', replication: 'asynchronous' },
  })
})

test('anything that needs a sentence is left to the commands', () => {
  const replica = ['replica', '--name', 's1', '--listen', 'a', '--view-server', 'b']
  for (const words of [
    [], ['serve'], ['replica'], ['replica', '--help'], [...replica, '--help'], [...replica, 'more'], [...replica, '--new-cluster'], [...replica, '--retry-ms'],
    [...replica, '--retry-ms', 'x'], [...replica, '--retry-ms', '-1'], [...replica, '--retry-ms', '99999999999'], [...replica, '--replication', 'both'],
    ['replica', '--name', 's1', '--listen', '--view-server', 'b'], ['view-server', '--name', 's1', '--listen', 'a'], ['view-server', '--listen='],
    [...replica, '--toString', 'x'], ['view-server', '--new-cluster=1', '--listen', 'a'],
  ]) expect(nodeWordsOf(words), words.join(' ')).toBeNull()
})

/** The options as commander parses them; null if the commands refuse the words. */
function byCommands(words: readonly string[]): Record<string, unknown> | null {
  const program = new Command('lab').exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  viewServerCommand(program)
  replicaCommand(program)
  let found: Record<string, unknown> | null = null
  for (const command of program.commands) command.action((options: Record<string, unknown>) => { found = options })
  try {
    program.parse(words, { from: 'user' })
  } catch {
    return null
  }
  return found
}

test('words that are read here mean what they mean to the commands', () => {
  const word = fc.constantFrom(
    '--listen', '--name', '--view-server', '--new-cluster', '--retry-ms', '--dead-pings', '--retry-ms=5', '--listen=x', '--name=s2', '--replication', 'synchronous',
    'asynchronous', '/tmp/a', 's1', '1', '20', '0', '-3', '', '--', '-h', '--no-such', '--view-server=',
  )
  fc.assert(fc.property(fc.constantFrom('view-server', 'replica'), fc.array(word, { maxLength: 10 }), (kind, rest) => {
    const words = [kind, '--listen', 'a', ...(kind === 'replica' ? ['--name', 's9', '--view-server', 'v'] : []), ...rest]
    const read = nodeWordsOf(words)
    if (read === null) return
    const options = byCommands(words)
    expect(options).not.toBeNull()
    expect(options).toMatchObject(read.flags)
    // As run-node.ts does: a missing flag means `false`.
    const settings = ({ newCluster, ...flags }: Record<string, unknown>): object => settingsFrom(flags, { newCluster: newCluster === true })
    expect(settings(read.flags)).toEqual(settings(options ?? {}))
  }), { numRuns: 2000 })
})
