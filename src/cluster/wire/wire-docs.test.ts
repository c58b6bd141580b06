// docs/wire-protocol.md has one example of every message in hex. This test keeps them true: the codec writes those bytes, and reads them back as
// the message beside them. Refresh the bytes with `npx vitest run src/cluster/wire-docs -u`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultSettings, settingLimits, type Message } from '../../protocol'
import { encodeError, encodeGreeting, type Greeting } from '../direct/direct-frames'
import { Cursor, FrameWriter } from './frame'
import { decodeMessage, encodeMessage, messageTypes } from './wire'

const path = join(import.meta.dirname, '../../../docs/wire-protocol.md')
const isRefreshing = process.argv.includes('-u') || process.env['UNDERSTUDY_REFRESH'] === '1'

function frame(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter()
  write(writer)
  let bytes: Buffer = Buffer.alloc(0)
  writer.flush((written) => {
    bytes = Buffer.from(written)
    return true
  })
  return bytes
}

const messageFrame = (message: Message): Buffer => frame((writer) => {
  writer.beginFrame()
  encodeMessage(writer, message)
  writer.endFrame()
})

/** Bytes in groups of four, sixteen to a line. */
function hex(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{1,32}/g) ?? []).map((line) => (line.match(/.{1,8}/g) ?? []).join(' ')).join('\n')
}

/** Every example: a json block and the hex block after it. */
const example = /```json\n([^`]*)\n```\n\n```hex\n([0-9a-f \n]*)```/g

function bytesOfExample(json: string): Buffer {
  const value = JSON.parse(json) as Message | ({ type: 'hello' } & Greeting) | { type: 'error'; code: 'version'; sentence: string }
  if (value.type === 'hello') return frame((writer) => encodeGreeting(writer, value))
  if (value.type === 'error') return frame((writer) => encodeError(writer, value.code, value.sentence))
  return messageFrame(value)
}

test('every example of the wire protocol page is what the codec writes', () => {
  const page = readFileSync(path, 'utf8')
  const fresh = page.replace(example, (_whole, json: string) => `\`\`\`json\n${json}\n\`\`\`\n\n\`\`\`hex\n${hex(bytesOfExample(json))}\n\`\`\``)
  if (isRefreshing) writeFileSync(path, fresh)
  expect(isRefreshing ? readFileSync(path, 'utf8') : page).toBe(fresh)
})

test('every message has an example, and its bytes read back as the message beside them', () => {
  const page = readFileSync(path, 'utf8')
  const found = new Set<string>()
  for (const [, json = '', bytes = ''] of page.matchAll(example)) {
    const value = JSON.parse(json) as Message | { type: 'hello' | 'error' }
    found.add(value.type)
    if (value.type === 'hello' || value.type === 'error') continue
    const body = Buffer.from(bytes.replace(/\s/g, ''), 'hex').subarray(4)
    expect(decodeMessage(new Cursor().reset(body, 0, body.length))).toEqual(value)
  }
  expect([...found].sort()).toEqual([...Object.keys(messageTypes), 'hello', 'error'].sort())
})

test('the page lists every flag of a setting, with its limits and its default', () => {
  const page = readFileSync(path, 'utf8')
  const rows = [...page.matchAll(/^\| `(--[a-z-]+)` \| (\d+) to (\d+) \| (\d+) \|$/gm)].map(([, flag, min, max, usual]) => [flag, Number(min), Number(max), Number(usual)])
  const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  const settings = Object.entries(settingLimits).map(([name, { min, max }]) => [flagOf(name), min, max, defaultSettings[name as keyof typeof settingLimits]])
  expect(rows).toEqual(settings)
})
