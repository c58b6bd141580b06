// Simulated recordings for tests of trace readers: one failover with faults, and random ones of any seed.
// The same seed gives the same events. Used by tests only.
import { anywhere, atOnce, createRandom, type Envelope, type FaultEffect, type Random } from '../../network'
import { defaultSettings, utf8ToBytes, type Operation } from '../../protocol'
import { formatEvent, formatHeader, type TraceEvent, type TraceHeader } from '../../trace'
import { World } from '../world'

export interface SampleRecording {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
}

/** The text of the file that a lab would have written. */
export function recordingText({ header, events }: SampleRecording): string {
  return `${[formatHeader(header), ...events.map(formatEvent)].join('\n')}\n`
}

/** Values that a format could mistake for its own syntax; there is one for each file format. */
export const hostileTexts: readonly string[] = [
  'end', '; # "quotes" \'single\' `ticks`', 'two\nlines\r\n', '<script>alert(1)</script><!-- ]]>', '=1+1', '-@+\tcell', '%%{init: {}}%% %date()', 'style: #a;',
  'right \u202eto left\u2066 \u200b', '\\n \\" {:process 0}', '@enduml', '**bold** //it// --strike-- ~tilde', 'base64:no', '', '\u0007 bell', 'grün 漢字 😀', 'wrap: x', '${x} $$y$$ &amp; |',
]

/** s1 is killed while clients write over a bad network, s2 takes over, s1 comes back and catches up; a client is restarted. */
export function failoverRecording(): SampleRecording {
  const events: TraceEvent[] = []
  const world = new World({
    title: 'failover <under> faults; end', seed: 'failover', replicas: 3, clients: 2,
    settings: { ...defaultSettings, operationTimeoutMs: 900, deadPings: 3 }, onEvent: (event) => events.push(event),
  })
  const put = (client: string, key: string, value: string): void => void world.invoke(client, { type: 'put', key: utf8ToBytes(key), value: utf8ToBytes(value) })
  const fault = (name: string, effect: FaultEffect): void => void world.perform({ type: 'add-fault', fault: { name, where: anywhere, bothWays: false, effect, times: 0 }, plan: atOnce })
  world.run(600)
  for (const [index, text] of hostileTexts.entries()) {
    put('c1', `k${index}`, text)
    world.invoke('c2', { type: 'append', key: utf8ToBytes(text), value: utf8ToBytes('x') })
    world.run(5)
  }
  fault('late and <lost>', { type: 'delay', probability: 0.3, delay: { type: 'uniform', minMs: 5, maxMs: 80 } })
  fault('doubled; # "end"', { type: 'duplicate', probability: 0.2 })
  fault('some are lost', { type: 'drop', probability: 0.1 })
  put('c1', 'colour', 'green')
  world.run(40)
  world.kill('s1')
  world.invoke('c2', { type: 'cas', key: utf8ToBytes('colour'), expected: utf8ToBytes('red'), value: utf8ToBytes('blue') })
  world.invoke('c2', { type: 'get', key: utf8ToBytes('nothing') })
  world.run(500)
  world.pause('s3')
  world.run(120)
  world.resume('s3')
  world.invoke('c1', { type: 'delete', key: utf8ToBytes('colour') })
  world.restart('s1')
  world.run(800)
  put('c2', 'last', '1')
  world.restart('c2')
  for (const name of world.transit.faults) world.perform({ type: 'remove-fault', fault: name })
  world.perform({ type: 'add-fault', fault: { name: 'hold forwards', where: { ...anywhere, kinds: ['forward'] }, bothWays: false, effect: { type: 'hold' }, times: 1 }, plan: atOnce })
  put('c1', 'held', '1')
  world.run(50)
  world.freeze()
  world.tell({ type: 'lab-note', text: 'A note with <b>mark-up</b> and \u202e.', node: '' })
  world.tell({ type: 'violation', rule: 'rule 1', text: 's1 answered before s2 had <replied>.', evidence: [1, 2] })
  world.thaw()
  world.run(400)
  return { header: world.header, events }
}

/** About two seconds of a cluster with kills, restarts, pauses, freezes, bad links, copies of old messages, and clients that die. */
export function randomRecording(seed: string, rounds = 25): SampleRecording {
  const random = createRandom(seed, 'recording')
  const events: TraceEvent[] = []
  const copies: Envelope[] = []
  const world = new World({
    title: seed, seed, replicas: 2 + random.below(3), clients: 1 + random.below(3),
    settings: { ...defaultSettings, pingIntervalMs: 20, pingCheckIntervalMs: 20, retryMs: 20, deadPings: 3, operationTimeoutMs: 200, backupsWanted: random.below(3) },
    onEvent: (event) => events.push(event),
    onSend: (envelope) => {
      if (copies.length < 100 && random.chance(0.05)) copies.push(envelope)
    },
  })
  const effects: FaultEffect[] = [
    { type: 'drop', probability: 0.1 }, { type: 'delay', probability: 0.3, delay: { type: 'uniform', minMs: 0, maxMs: 60 } },
    { type: 'duplicate', probability: 0.1 }, { type: 'reorder', probability: 0.1, withinMs: 30 },
  ]
  for (const effect of effects.filter(() => random.chance(0.7))) {
    world.perform({ type: 'add-fault', fault: { name: effect.type, where: anywhere, bothWays: false, effect, times: 0 }, plan: atOnce })
  }
  for (let round = 0; round < rounds; round++) {
    for (let count = random.below(3); count > 0; count--) invoke(world, random)
    world.run(random.below(100))
    if (copies.length > 0 && random.chance(0.3)) world.resend(random.pick(copies))
    if (random.chance(0.5)) disturb(world, random)
  }
  return { header: world.header, events }
}

function invoke(world: World, random: Random): void {
  const client = random.pick(world.names.filter((name) => name.startsWith('c')))
  if (!world.isUp(client)) return
  const [key, value] = [utf8ToBytes(random.pick(['a', 'b', ...hostileTexts])), utf8ToBytes(random.pick(['1', '2', ...hostileTexts]))]
  const operations: Operation[] = [
    { type: 'put', key, value }, { type: 'append', key, value }, { type: 'get', key }, { type: 'delete', key },
    { type: 'cas', key, expected: random.chance(0.5) ? null : utf8ToBytes('1'), value },
  ]
  world.invoke(client, random.pick(operations))
}

function disturb(world: World, random: Random): void {
  const name = random.pick(world.names.filter((candidate) => candidate !== 'vs'))
  if (!world.isUp(name)) world.restart(name)
  else if (world.isPaused(name)) world.resume(name)
  else if (random.chance(0.3)) world.pause(name)
  else if (random.chance(0.4)) world.restart(name)
  else if (random.chance(0.7)) world.kill(name)
  else {
    world.freeze()
    world.thaw()
  }
}
