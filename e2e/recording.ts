// Reads a saved recording, so that a spec can check the window against it: operations with their outcomes, views, messages delivered by hand.

interface Event {
  readonly type: string
  readonly id: string
  readonly seq: number
  readonly operationId: number
  readonly operation: { readonly operationId: number; readonly operation: { readonly type: string; readonly key: string; readonly value: string } }
  readonly outcome: { readonly type: string; readonly result: { readonly type: string; readonly value: string } }
}

export interface EndedOperation {
  readonly type: string
  readonly key: string
  readonly value: string
  /** `open`: it has not returned. */
  readonly outcome: string
  /** The value of a get. */
  readonly result: string
}

function eventsIn(text: string): Event[] {
  return text.trimEnd().split('\n').slice(1).map((line) => JSON.parse(line) as Event)
}

/** The operations of a recording with their outcomes. */
export function operationsIn(text: string): EndedOperation[] {
  const events = eventsIn(text)
  const outcomes = new Map(events.flatMap((event) => event.type === 'operation-returned' ? [[event.operationId, event.outcome]] : []))
  return events.filter((event) => event.type === 'operation-invoked').map(({ operation: { operationId, operation } }) => {
    const outcome = outcomes.get(operationId)
    return { ...operation, outcome: outcome?.type ?? 'open', result: outcome?.type === 'ok' && outcome.result.type === 'value' ? outcome.result.value : '' }
  })
}

export function viewsIn(text: string): number {
  return eventsIn(text).filter(({ type }) => type === 'view-changed').length
}

/** For each message that a node took during a freeze: the seq of its sending. In the order of taking. */
export function messagesByHand(text: string): number[] {
  const sent = new Map<string, number>()
  const taken: number[] = []
  let isFrozen = false
  for (const event of eventsIn(text)) {
    if (event.type === 'message-sent') sent.set(event.id, event.seq)
    else if (event.type === 'frozen') isFrozen = true
    else if (event.type === 'thawed') isFrozen = false
    else if (event.type === 'message-taken' && isFrozen) taken.push(sent.get(event.id) ?? 0)
  }
  return taken
}

/** seq of the first event of a type; 0 without one. */
export function seqOfFirst(text: string, type: string): number {
  return eventsIn(text).find((event) => event.type === type)?.seq ?? 0
}

/** The recording with one false effect: its last or first forward-ack says that the backup executed one operation more. */
export function withOtherEffect(text: string, which: 'first' | 'last' = 'last'): { readonly text: string; readonly seq: number; readonly node: string } {
  const lines = text.split('\n')
  const isAck = (line: string): boolean => line.includes('"type":"message-sent"') && line.includes('"type":"forward-ack"')
  const at = which === 'last' ? lines.findLastIndex(isAck) : lines.findIndex(isAck)
  const { seq, from } = JSON.parse(lines[at] ?? '') as { seq: number; from: string }
  lines[at] = (lines[at] ?? '').replace(/"executed":(\d+)/, (_, executed: string) => `"executed":${Number(executed) + 1}`)
  return { text: lines.join('\n'), seq, node: from }
}
