// Workloads that collect values on every node: broadcast and the grow-only set. What was acknowledged must be in the last read of every node, and no
// read may have what nobody sent. In between a node may know less than another: these workloads promise agreement in the end, and nothing sooner.
import type { Json } from '../../protocol'
import { Errors, isAnswered, shown, unlessUnread, type Asked, type WorkloadVerdict } from './asked'

interface SetWords {
  readonly add: string
  /** Where the value is in the request, and the list in a read's answer. */
  readonly field: string
  readonly list: string
}

export const judgeBroadcast = (asked: readonly Asked[], nodes: readonly string[]): WorkloadVerdict => judgeSet(asked, nodes, { add: 'broadcast', field: 'message', list: 'messages' })
export const judgeGrowOnlySet = (asked: readonly Asked[], nodes: readonly string[]): WorkloadVerdict => judgeSet(asked, nodes, { add: 'add', field: 'element', list: 'value' })

function judgeSet(asked: readonly Asked[], nodes: readonly string[], { add, field, list }: SetWords): WorkloadVerdict {
  const errors = new Errors()
  /** By value: the requests that sent it. One that failed for certain sent nothing. */
  const sent = new Map<string, Asked>()
  const acknowledged = new Map<string, Asked>()
  for (const one of asked) {
    if (one.kind !== add || one.outcome === 'failed') continue
    const key = JSON.stringify(one.body[field] ?? null)
    if (!sent.has(key)) sent.set(key, one)
    if (one.outcome === 'ok' && isAnswered(one, `${add}_ok`, errors) && !acknowledged.has(key)) acknowledged.set(key, one)
  }
  const last = new Map<string, { read: Asked; keys: ReadonlySet<string> }>()
  for (const read of asked) {
    if (read.kind !== 'read' || read.outcome !== 'ok' || !isAnswered(read, 'read_ok', errors)) continue
    const values = read.answer[list]
    if (!Array.isArray(values)) {
      errors.add(`${read.target} answered a read of ${read.client} without the list "${list}"`, [read.seq, read.returnedSeq])
      continue
    }
    const keys = new Set((values as Json[]).map((value) => JSON.stringify(value)))
    for (const key of keys) {
      const source = sent.get(key)
      if (!source || source.seq > read.returnedSeq) errors.add(`${read.target} told ${read.client} of ${shown(JSON.parse(key) as Json)}, which nobody had sent`, [read.seq, read.returnedSeq, source?.seq ?? 0])
    }
    if (read.isFinal) last.set(read.target, { read, keys })
  }
  for (const [node, { read, keys }] of last) {
    const lost = [...acknowledged].filter(([key]) => !keys.has(key))
    const [first] = lost
    if (first) {
      const [key, one] = first
      errors.add(`${node} does not know ${shown(JSON.parse(key) as Json)}, which ${one.target} acknowledged to ${one.client}${lost.length > 1 ? `, nor ${lost.length - 1} more` : ''}`, [one.seq, one.returnedSeq, read.seq, read.returnedSeq])
    }
  }
  const unread = nodes.filter((node) => !last.has(node))
  const verdict = errors.verdict(`${acknowledged.size} acknowledged values are on every node in the end`, acknowledged.size === 0 ? 0 : last.size)
  return unlessUnread(verdict, unread, ['knows', 'know'])
}
