// The bodies of messages: ours (docs/protocol.md) in their recorded form, and a program's own words as they are. It must never accept a message that
// a recording would refuse, nor repair more of one than the addresses, which a lab does not use.
import { isMessageType, type Json, type JsonObject, type Message } from '../protocol'
import { messageOf, recordMessage, shapes, type Recorded } from '../trace'
import { LineProblem, recordable, type Speaker } from './speaker'

/** The body of a line that carries this message. */
export function bodyOfMessage(message: Message): JsonObject {
  if (message.type === 'foreign') return { type: message.kind, ...message.body }
  return recordMessage(message) as unknown as JsonObject
}

/** Throws a LineProblem for a message of ours that does not have its shape, or names a node that does not exist. */
export function messageOfBody(type: string, rest: JsonObject, speaker: Speaker): Message {
  if (!speaker.speaksOurs || !isMessageType(type)) return { type: 'foreign', kind: type, body: rest }
  const { msg_id: _number, in_reply_to: _answered, ...fields } = rest
  const message = withAddresses({ type, ...fields })
  const { name } = speaker
  const problem = recordable({ type: 'message-sent', id: `${name}.1.0.0`, from: name, to: name, message }, speaker)
  if (problem !== undefined) throw new LineProblem(`it is no ${type} of the protocol: ${problem}`)
  try {
    return messageOf(message as unknown as Recorded<Message>)
  } catch (error) {
    throw new LineProblem(error instanceof Error ? error.message : String(error))
  }
}

function withAddresses(body: JsonObject): JsonObject {
  if (body['type'] === 'ping') return { address: '', initialised: [], ...body }
  return 'view' in body ? { ...body, view: withMembers(body['view']) } : body
}

/** A view whose members need no address; anything else as it is. */
export function withMembers(view: Json): Json {
  if (!isObject(view)) return view
  const member = (given: Json): Json => isObject(given) ? { address: '', ...given } : given
  const { primary = null, backups = [] } = view
  return { ...view, primary: member(primary), backups: Array.isArray(backups) ? backups.map(member) : backups }
}

const isObject = shapes.isObject as (value: Json) => value is JsonObject
