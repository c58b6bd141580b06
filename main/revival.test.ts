import { expect, it } from 'vitest'
import { Revival } from './revival'

function play(answers: boolean[] = []) {
  let nowMs = 0
  const done: string[] = []
  const logged: string[] = []
  const revival = new Revival({
    nowMs: () => nowMs, log: (sentence) => logged.push(sentence), load: () => done.push('load'), close: () => done.push('close'),
    ask: (sentence) => {
      done.push(sentence)
      return Promise.resolve(answers.shift() ?? false)
    },
  })
  return { revival, done, logged, pass: (ms: number) => { nowMs += ms } }
}

it('a page that has died is loaded again, and that is said', async () => {
  const { revival, done, logged } = play()
  await revival.died('oom')
  expect(done).toEqual(['load'])
  expect(logged).toEqual(["The window's page has ended (it had no memory left). It is loaded again; the session goes on."])
})

it('a page that was closed with its window is not', async () => {
  const { revival, done, logged } = play()
  await revival.died('clean-exit')
  expect([done, logged]).toEqual([[], []])
})

it('a page that dies again and again is loaded only when a person says so; else the window is closed', async () => {
  const { revival, done, pass } = play([true, false])
  for (let death = 0; death < 3; death++) await revival.died('crashed')
  expect(done).toEqual(['load', 'load', 'load'])
  await revival.died('crashed')
  expect(done.slice(3)).toEqual(["The window's page has ended (it crashed). The session goes on without it. It ended 4 times within a minute.", 'load'])
  for (let death = 0; death < 4; death++) await revival.died('crashed')
  expect(done.slice(5).map((what) => what.slice(0, 10))).toEqual(['load', 'load', 'load', 'The window', 'close'])
  pass(0)
})

it('deaths that are minutes apart are never too many', async () => {
  const { revival, done, pass } = play()
  for (let death = 0; death < 10; death++) {
    await revival.died('killed')
    pass(61_000)
  }
  expect(done).toEqual(Array.from({ length: 10 }, () => 'load'))
})
