// Writes recordings of any size quickly: real traffic of the simulator, then one second of it repeated, with every number (seq, times, steps, ids
// of messages and requests) increased accordingly. Such a recording can be replayed like any other. It must never guess: a second that does not
// repeat exactly is refused.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { defaultSettings, utf8ToBytes, type Operation } from '../protocol'
import { World } from '../sim'
import { formatEvent, formatHeader } from '../trace'

export interface BigRecordingOptions {
  readonly path: string
  /** The exact number of events in the file. At least `leastEvents`. */
  readonly events: number
}

/** Smaller recordings should be simulated directly. */
export const leastEvents = 20_000

/** Operations of one second, half from each client. */
const operationsPerSecond = 200
/** Characters that are written to the file at once. */
const writeCharacters = 1024 * 1024

/** A line of the repeated second: constant texts, with numbers between them that grow by a step. */
interface Line {
  readonly texts: readonly string[]
  readonly firsts: readonly number[]
  readonly steps: readonly number[]
}

/** Writes the recording; resolves with its bytes. Rejects if the traffic does not repeat, which is a bug. */
export async function writeBigRecording({ path, events }: BigRecordingOptions): Promise<number> {
  if (events < leastEvents) throw new Error(`a big recording has at least ${leastEvents} events`)
  const { header, beginning, lines } = simulate()
  const file = createWriteStream(path, { flags: 'w', mode: 0o600 })
  const pending: string[] = [header, ...beginning]
  let length = pending.reduce((sum, line) => sum + line.length + 1, 0)
  let written = beginning.length
  for (let second = 0; written < events; second++) {
    for (let index = 0; index < lines.length && written < events; index++, written++) {
      const line = lineAt(lines[index] as Line, second)
      pending.push(line)
      length += line.length + 1
    }
    if (length < writeCharacters) continue
    if (!file.write(`${pending.splice(0).join('\n')}\n`)) await once(file, 'drain')
    length = 0
  }
  file.end(pending.length > 0 ? `${pending.join('\n')}\n` : '')
  await once(file, 'finish')
  return file.bytesWritten
}

/** Simulates a cluster through a failover, and then the second that is repeated. */
function simulate(): { header: string; beginning: string[]; lines: Line[] } {
  let lines: string[] = []
  const world = new World({ title: 'a big recording', replicas: 3, clients: 2, settings: defaultSettings, seed: 'big', onEvent: (event) => lines.push(formatEvent(event)) })
  world.run(1000)
  oneSecond(world)
  world.kill('s1')
  world.run(2000)
  oneSecond(world)
  world.restart('s1')
  world.run(2000)
  // The first seconds still differ: keys appear, sessions begin, the table fills.
  for (let second = 0; second < 3; second++) oneSecond(world)
  const beginning = lines
  const seconds = [0, 1, 2].map(() => {
    lines = []
    oneSecond(world)
    return lines
  }) as [string[], string[], string[]]
  const repeated = seconds[0].map((line, index) => lineOf(line, seconds[1][index] ?? ''))
  for (const [index, line] of repeated.entries()) {
    if (lineAt(line, 2) !== seconds[2][index]) throw new Error(`the traffic does not repeat: ${seconds[2][index]} came, not ${lineAt(line, 2)}`)
  }
  return { header: formatHeader(world.header), beginning, lines: repeated }
}

/** The same operations at the same times of every second. */
function oneSecond(world: World): void {
  for (let index = 0; index < operationsPerSecond; index++) {
    world.invoke(index % 2 === 0 ? 'c1' : 'c2', operationOf(index))
    world.run(1000 / operationsPerSecond)
  }
}

function operationOf(index: number): Operation {
  const key = utf8ToBytes(`k${index % 40}`)
  if (index % 5 < 3) return { type: 'put', key, value: utf8ToBytes(`value ${'abcdefghij'[index % 10]}`) }
  return index % 50 === 49 ? { type: 'cas', key, expected: null, value: key } : { type: 'get', key }
}

/** Derives a line from two seconds: the texts must be the same, and the numbers differ by their step. */
function lineOf(line: string, next: string): Line {
  const [texts, nextTexts] = [line.split(/\d+/), next.split(/\d+/)]
  if (texts.join('0') !== nextTexts.join('0')) throw new Error(`the traffic does not repeat: ${next} came after ${line}`)
  const [numbers, nextNumbers] = [line, next].map((text) => (text.match(/\d+/g) ?? []).map(Number)) as [number[], number[]]
  return { texts, firsts: numbers, steps: numbers.map((number, index) => (nextNumbers[index] ?? 0) - number) }
}

function lineAt({ texts, firsts, steps }: Line, second: number): string {
  let line = texts[0] ?? ''
  for (let index = 0; index < firsts.length; index++) line += `${(firsts[index] as number) + (steps[index] as number) * second}${texts[index + 1] as string}`
  return line
}
