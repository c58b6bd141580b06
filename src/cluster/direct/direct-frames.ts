// The two frames of direct mode that are no protocol messages: the greeting and the error. docs/wire-protocol.md has their bytes.
import { isNodeName, type ProtocolKind } from '../../protocol'
import { WireError, type Cursor, type FrameWriter } from '../wire/frame'

/** Increase it when the bytes change their meaning. */
export const wireVersion = 1
const magic = 'USTY'

/** Type bytes that no protocol message uses. */
export const helloType = 0x00
export const errorType = 0xff

/** Why a connection was closed. */
export const errorCodes = { 'garbage': 1, 'version': 2, 'too-slow': 3, 'stranger': 4 } as const
export type ErrorCode = keyof typeof errorCodes

const kinds = { 'view-server': 1, 'replica': 2, 'client': 3 } as const satisfies Record<ProtocolKind, number>

/** The first frame of both ends. */
export interface Greeting {
  readonly kind: ProtocolKind
  /** A server's name; a client may use any valid node name. */
  readonly name: string
  /** 0 if the sender has none. */
  readonly incarnation: number
  /** Where it listens; empty for a client. */
  readonly address: string
  /** Drawn by a dialling node that keeps a journal: both ends identify the connection by it. Otherwise absent or 0. */
  readonly mark?: number
}

export function encodeGreeting(writer: FrameWriter, greeting: Greeting): void {
  writer.beginFrame()
  writer.u8(helloType)
  for (const character of magic) writer.u8(character.charCodeAt(0))
  writer.u16(wireVersion)
  writer.u8(kinds[greeting.kind])
  writer.text(greeting.name)
  writer.u64(greeting.incarnation)
  writer.text(greeting.address)
  if (greeting.mark) writer.u64(greeting.mark)
  writer.endFrame()
}

/** Thrown for a greeting of another version. */
export class VersionError extends WireError {}

export function decodeGreeting(cursor: Cursor): Greeting {
  if (cursor.u8() !== helloType) throw new WireError('the first frame is no greeting')
  for (const character of magic) if (cursor.u8() !== character.charCodeAt(0)) throw new WireError('the greeting does not begin with USTY')
  const version = cursor.u16()
  if (version !== wireVersion) throw new VersionError(`it speaks version ${version}, this is version ${wireVersion}`)
  const code = cursor.u8()
  const kind = (Object.keys(kinds) as ProtocolKind[]).find((candidate) => kinds[candidate] === code)
  if (!kind) throw new WireError(`there is no node of kind ${code}`)
  const name = cursor.text(32, 'a node name')
  if (!isNodeName(name)) throw new WireError('a node name is not 1 to 32 of a-z, 0-9 and "-", a letter first')
  const greeting = { kind, name, incarnation: cursor.u64(), address: cursor.text(255, 'an address') }
  const mark = cursor.left > 0 ? cursor.u64() : 0
  cursor.expectEnd()
  return mark === 0 ? greeting : { ...greeting, mark }
}

export function encodeError(writer: FrameWriter, code: ErrorCode, sentence: string): void {
  writer.beginFrame()
  writer.u8(errorType)
  writer.u16(errorCodes[code])
  writer.text(sentence.slice(0, 1000))
  writer.endFrame()
}

export function decodeError(cursor: Cursor): string {
  cursor.u16()
  return cursor.text(4000, 'a sentence')
}
