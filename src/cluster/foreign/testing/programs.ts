// Programs for tests: small scripts in one file each, and the spec that runs one. They must end by themselves when their standard input does, unless
// the test is about those that do not.
import { join, resolve } from 'node:path'
import { programLimits, type ProgramSpec } from '../program-spec'

export const exampleNodes = resolve(import.meta.dirname, '../../../../examples/nodes')

/** A program of Node that runs this file of the examples. */
export function example(file: string, more: Partial<ProgramSpec> = {}): ProgramSpec {
  return spec([process.execPath, join(exampleNodes, file)], more)
}

/** A program of Node that runs this text; it has `say(dest, body)`, `line(text)` and calls `take(message)` for each line. */
export function script(text: string, more: Partial<ProgramSpec> = {}): ProgramSpec {
  return spec([process.execPath, '--input-type=module', '--eval', `${scriptBegin}\n${text}`], more)
}

export function spec(command: ProgramSpec['command'], more: Partial<ProgramSpec> = {}): ProgramSpec {
  return { command, folder: process.cwd(), isPlain: false, speaksOurs: false, dataFolder: '', keepsData: false, limits: programLimits, ...more }
}

const scriptBegin = `
import { createInterface } from 'node:readline'
let id = ''
let take = () => {}
let lab = {}
const line = (text) => process.stdout.write(text + '\\n')
const say = (dest, body) => line(JSON.stringify({ src: id, dest, body }))
const onEnd = { exit: () => process.exit(0) }
createInterface({ input: process.stdin }).on('line', (text) => {
  const message = JSON.parse(text)
  if (message.body.type === 'init') { id = message.body.node_id; say(message.src, { type: 'init_ok', in_reply_to: 1, lab }) }
  take(message)
}).on('close', () => onEnd.exit())
`
