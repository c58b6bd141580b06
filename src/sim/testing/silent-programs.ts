// Nodes of this protocol as programs that report little or nothing: what is judged of them is judged from their messages. For tests.
import { createMachine, type EffectSink, type Input, type Machine, type Report, type Start } from '../../protocol'
import { recordReport, type HeaderNode, type ProgramEffects } from '../../trace'
import type { Programs } from '../programs'

/** `tells`: whether a report is passed on; none by default. `level`: how far the programs cooperate. */
export function silentPrograms(names: readonly string[], { tells = () => false, level = 1 }: { tells?: (report: Report) => boolean; level?: number } = {}): Programs {
  return {
    commands: new Map(names.map((name) => [name, './silent'])),
    make: (start: Start, _nodes: readonly HeaderNode[], out: ProgramEffects): Machine => {
      const sink: EffectSink = {
        send: (to, message) => out.send(to, message), setTimer: (name, ms) => out.setTimer(name, ms), cancelTimer: (name) => out.cancelTimer(name),
        // What a client's operation came to is no report about its state: nothing else says it.
        report: (report) => { if (isOfClients(report) || tells(report)) out.told(recordReport(report)) },
      }
      const machine = createMachine(start, sink)
      out.level(level, '')
      return {
        step: (input: Exclude<Input, Start>) => machine.step(input, sink),
        inspect: () => ({ kind: 'other', state: {} }), copy: () => machine.copy(), essence: () => machine.essence(), incidental: () => machine.incidental(),
      }
    },
    ended: () => undefined,
  }
}

const isOfClients = ({ type }: Report): boolean => type === 'operation-started' || type === 'operation-returned' || type === 'view-cached'
