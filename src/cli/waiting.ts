// Says on standard error what a slow operation waits for, and again whenever that changes. Standard output is unaffected, so pipes are safe.
// It asks the view server as an operator would; it must never change the operation.
import type { DirectClient } from '../cluster'
import type { Message, NodeName, View } from '../protocol'

type Answer = Extract<Message, { type: 'query-reply' }>

/** Nothing is printed before this time. */
const patienceMs = 2000
/** The interval between two queries, and the timeout of each. */
const lookEveryMs = 1000

export interface WaitingFacts {
  /** The address of the view server. */
  readonly viewServer: string
  /** The view server's answer; null if there was none. */
  readonly answer: Answer | null
  /** True if there is a connection to this node that has completed its greeting. */
  readonly reaches: (name: NodeName) => boolean
}

/** One sentence. */
export function waitingSentence({ viewServer, answer, reaches }: WaitingFacts): string {
  const there = `the view server at ${viewServer}`
  if (!answer) return reaches('vs') ? `It waits for ${there}, which took the question and does not answer.` : `It waits for ${there}: nobody answers there.`
  const { current, acked, historyLost } = answer
  if (acked.primary) return waitingForServers(current, acked, acked.primary, reaches)
  if (historyLost) return `It waits in vain: ${there} was restarted and has lost its history. It makes no view and tells nobody of a primary; begin a new cluster.`
  if (!current.primary) return `It waits for a first view: ${there} has heard of no server yet.`
  return `It waits for view ${current.viewnum}: its primary ${current.primary.name} (${current.primary.address}) has not acked it.`
}

function waitingForServers(current: View, acked: View, primary: NonNullable<View['primary']>, reaches: WaitingFacts['reaches']): string {
  const who = `${primary.name} (${primary.address}), primary of view ${acked.viewnum}`
  const next = current.primary && current.viewnum > acked.viewnum
    ? ` View ${current.viewnum} has not begun: its primary ${current.primary.name} has not acked it${namesOf(current) === '' ? '' : `, and brings ${namesOf(current)} up to date first`}.`
    : ''
  if (!reaches(primary.name)) return `It waits for ${who}, which cannot be reached.${next}`
  if (next !== '') return `It waits for a view.${next}`
  const backups = namesOf(acked)
  return backups === '' ? `It waits for ${who}, which has the request.` : `It waits for ${who}, which has the request and answers when ${backups} ${acked.backups.length === 1 ? 'has' : 'have'} executed it too.`
}

function namesOf({ backups }: View): string {
  return backups.map(({ name, address }) => `its backup ${name} (${address})`).join(' and ')
}

/** Resolves with the operation's result; meanwhile prints what it waits for. */
export async function sayingWhatItWaitsFor<Result>(
  operation: Promise<Result>, client: DirectClient, viewServer: string, say: (sentence: string) => void,
): Promise<Result> {
  let isOver = false
  let said = ''
  let timer = setTimeout(() => void look(), patienceMs)
  const look = async (): Promise<void> => {
    const answer = await Promise.race([client.query(), after(lookEveryMs)])
    if (isOver) return
    const sentence = waitingSentence({ viewServer, answer, reaches: (name) => client.reaches(name) })
    if (sentence !== said) say(sentence)
    said = sentence
    timer = setTimeout(() => void look(), lookEveryMs)
  }
  try {
    return await operation
  } finally {
    isOver = true
    clearTimeout(timer)
  }
}

function after(ms: number): Promise<null> {
  return new Promise((settle) => { setTimeout(settle, ms, null).unref() })
}
