// Writes the JSON text of a step's messages and reports directly: the same text as JSON.stringify of the recorded form (recorded.ts), but without
// the objects in between. It covers what happens at every operation; a test compares the two texts.
// It must never write its own text for any other kind: those go through the recorded form.
import { fieldsOf, heldIn, type Answer, type ByteString, type Call, type Message, type Operation, type OperationInput, type Report, type Result } from '../protocol'
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

function operationJson(operation: Operation | Call): string {
  if (operation.type === 'call') return JSON.stringify(operation)
  let fields = ''
  for (const field of fieldsOf(operation.type)) {
    const held = heldIn(operation, field)
    fields += `,"${field.name}":${held === null ? 'null' : bytesJson(held)}`
  }
  return `{"type":"${operation.type}","key":${bytesJson(operation.key)}${fields}}`
}

function resultJson(result: Result | Answer): string {
  switch (result.type) {
    case 'value': return `{"type":"value","value":${bytesJson(result.value)}}`
    case 'mismatch': return `{"type":"mismatch","actual":${result.actual === null ? 'null' : bytesJson(result.actual)}}`
    case 'done':
    case 'missing':
    case 'too-large': return `{"type":"${result.type}"}`
    case 'answered': return JSON.stringify(result)
  }
}

/** Text that JSON writes unescaped, between quotes. */
const plain = /^[ !#-[\]-~]*$/

/** Longer text goes to JSON.stringify at once, so that it is scanned only once. */
const plainLengthMax = 1024

function quoted(text: string): string {
  return text.length <= plainLengthMax && plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

function bytesJson(bytes: ByteString): string {
  const isPlain = bytes.length <= plainLengthMax && plain.test(bytes) && !bytes.startsWith('base64:')
  return isPlain ? `"${bytes}"` : JSON.stringify(recordBytes(bytes))
}
