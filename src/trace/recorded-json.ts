// The JSON text of what a step tells, written straight away: the same text as JSON.stringify of the recorded form (recorded.ts), without
// the objects in between, for what happens at every operation. A test holds the two together.
// It must never write text of its own making for what it does not know: all other kinds go the long way.
import type { ByteString, Message, Operation, OperationInput, Report, Result } from '../protocol'
import { recordBytes, recordMessage, recordReport } from './recorded'

export function messageJson(message: Message): string {
  switch (message.type) {
    case 'request':
      return `{"type":"request","clientId":${quoted(message.clientId)},"requestId":${message.requestId},"viewnum":${message.viewnum},"operation":${operationJson(message.operation)}}`
    case 'reply':
      return `{"type":"reply","clientId":${quoted(message.clientId)},"requestId":${message.requestId},"viewnum":${message.viewnum},"seq":${message.seq},`
        + `"replayed":${message.replayed},"executedViewnum":${message.executedViewnum},"result":${resultJson(message.result)}}`
    case 'forward': {
      const { viewnum, fromIncarnation, toIncarnation, seq, clientId, requestId, operation } = message
      return `{"type":"forward","viewnum":${viewnum},"fromIncarnation":${fromIncarnation},"toIncarnation":${toIncarnation},"seq":${seq},`
        + `"clientId":${quoted(clientId)},"requestId":${requestId},"operation":${operationJson(operation)}}`
    }
    case 'forward-ack': {
      const { viewnum, fromIncarnation, toIncarnation, executed } = message
      return `{"type":"forward-ack","viewnum":${viewnum},"fromIncarnation":${fromIncarnation},"toIncarnation":${toIncarnation},"executed":${executed}}`
    }
    default: return JSON.stringify(recordMessage(message))
  }
}

export function reportJson(report: Report): string {
  if (report.type === 'operation-started') {
    return `{"type":"operation-started","operationId":${report.operationId},"clientId":${quoted(report.clientId)},"requestId":${report.requestId}}`
  }
  if (report.type !== 'operation-returned' || report.outcome.type !== 'ok') return JSON.stringify(recordReport(report))
  const { result, by, viewnum, seq, replayed, executedViewnum } = report.outcome
  return `{"type":"operation-returned","operationId":${report.operationId},"outcome":{"type":"ok","result":${resultJson(result)},"by":${quoted(by)},`
    + `"viewnum":${viewnum},"seq":${seq},"replayed":${replayed},"executedViewnum":${executedViewnum}},"tries":${report.tries}}`
}

export function operationInputJson({ operationId, session, operation, target }: Omit<OperationInput, 'type'>): string {
  return `{"type":"operation","operationId":${operationId},"session":${session},"operation":${operationJson(operation)},"target":${quoted(target)}}`
}

function operationJson(operation: Operation): string {
  const key = bytesJson(operation.key)
  switch (operation.type) {
    case 'put':
    case 'append': return `{"type":"${operation.type}","key":${key},"value":${bytesJson(operation.value)}}`
    case 'get':
    case 'delete': return `{"type":"${operation.type}","key":${key}}`
    case 'cas': return `{"type":"cas","key":${key},"expected":${operation.expected === null ? 'null' : bytesJson(operation.expected)},"value":${bytesJson(operation.value)}}`
  }
}

function resultJson(result: Result): string {
  switch (result.type) {
    case 'value': return `{"type":"value","value":${bytesJson(result.value)}}`
    case 'mismatch': return `{"type":"mismatch","actual":${result.actual === null ? 'null' : bytesJson(result.actual)}}`
    default: return `{"type":"${result.type}"}`
  }
}

/** Text that JSON writes as it is, between quotes. */
const plain = /^[ !#-[\]-~]*$/

/** Longer ones go the long way, which looks at them once in the end. */
const plainLengthMax = 1024

function quoted(text: string): string {
  return text.length <= plainLengthMax && plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

function bytesJson(bytes: ByteString): string {
  const isPlain = bytes.length <= plainLengthMax && plain.test(bytes) && !bytes.startsWith('base64:')
  return isPlain ? `"${bytes}"` : JSON.stringify(recordBytes(bytes))
}
