// The cluster state as sentences, for exports whose range begins in the middle.
import { viewText, type ClusterState } from '../trace'

/** The cluster where a range begins, in a few short sentences. */
export function stateText(state: ClusterState): string {
  const current = state.views.at(-1)
  const view = current ? `${viewText(current.view)}, ${current.ackedAt < 0 ? 'not acked' : 'acked'}.` : 'No view yet.'
  const gone = [...state.nodes.values()].filter(({ life }) => life !== 'up').map(({ name, life }) => `${name} is ${life === 'none' ? 'not started' : life}`)
  const faults = [...state.faults.values()].filter(({ isOn }) => isOn).map(({ text }) => text)
  return [view, gone.length > 0 ? `${gone.join(', ')}.` : '', faults.length > 0 ? `Faults: ${faults.join('; ')}.` : '', state.freeze > 0 ? 'It is frozen.' : '']
    .filter((part) => part !== '').join(' ')
}
