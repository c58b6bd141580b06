import { expect, test } from 'vitest'
import { noView, type View } from '../protocol'
import { waitingSentence, type WaitingFacts } from './waiting'

const member = (name: string): { name: string; incarnation: number; address: string } => ({ name, incarnation: 1, address: `/run/${name}` })
const view = (viewnum: number, primary: string, ...backups: string[]): View => ({ viewnum, primary: member(primary), backups: backups.map(member) })
const answer = (current: View, acked: View, historyLost = false): NonNullable<WaitingFacts['answer']> =>
  ({ type: 'query-reply', current, acked, historyLost, pings: 1, getViews: 1, queries: 1 })
const said = (given: WaitingFacts['answer'], ...reached: string[]): string =>
  waitingSentence({ viewServer: '/run/vs', answer: given, reaches: (name) => reached.includes(name) })

test.each([
  ['It waits for the view server at /run/vs: nobody answers there.', said(null)],
  ['It waits for the view server at /run/vs, which took the question and does not answer.', said(null, 'vs')],
  ['It waits for a first view: the view server at /run/vs has heard of no server yet.', said(answer(noView, noView), 'vs')],
  ['It waits in vain: the view server at /run/vs was restarted and has lost its history. It makes no view and tells nobody of a primary; begin a new cluster.',
    said(answer(noView, noView, true), 'vs')],
  ['It waits for view 1: its primary s1 (/run/s1) has not acked it.', said(answer(view(1, 's1'), noView), 'vs')],
  ['It waits for s1 (/run/s1), primary of view 2, which cannot be reached.', said(answer(view(2, 's1', 's2'), view(2, 's1', 's2')), 'vs')],
  ['It waits for s1 (/run/s1), primary of view 2, which has the request and answers when its backup s2 (/run/s2) has executed it too.',
    said(answer(view(2, 's1', 's2'), view(2, 's1', 's2')), 'vs', 's1')],
  ['It waits for s1 (/run/s1), primary of view 2, which has the request and answers when its backup s2 (/run/s2) and its backup s3 (/run/s3) have executed it too.',
    said(answer(view(2, 's1', 's2', 's3'), view(2, 's1', 's2', 's3')), 'vs', 's1')],
  ['It waits for s1 (/run/s1), primary of view 1, which has the request.', said(answer(view(1, 's1'), view(1, 's1')), 'vs', 's1')],
  ['It waits for a view. View 3 has not begun: its primary s1 has not acked it, and brings its backup s3 (/run/s3) up to date first.',
    said(answer(view(3, 's1', 's3'), view(2, 's1', 's2')), 'vs', 's1')],
  ['It waits for s1 (/run/s1), primary of view 2, which cannot be reached. View 3 has not begun: its primary s2 has not acked it.',
    said(answer(view(3, 's2'), view(2, 's1', 's2')), 'vs')],
])('%s', (sentence, found) => {
  expect(found).toBe(sentence)
})
