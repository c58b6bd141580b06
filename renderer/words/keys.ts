// The keys of the window: one table for the handler, the help (F1) and the palette. Single letters act only while no field has the focus.
// It must never know what a command does; commands.ts does.
import type { CommandName } from './command-names'

export interface KeyBinding {
  /** The value of KeyboardEvent.key; letters in lower case. */
  readonly key: string
  readonly control?: boolean
  readonly shift?: boolean
  readonly alt?: boolean
  readonly command: CommandName
  /** The key acts in fields too. */
  readonly everywhere?: boolean
}

export const keyBindings: readonly KeyBinding[] = [
  { key: 'k', control: true, command: 'palette', everywhere: true },
  { key: 'n', control: true, command: 'new-cluster', everywhere: true },
  { key: 'o', control: true, command: 'open', everywhere: true },
  { key: 's', control: true, command: 'save', everywhere: true },
  { key: 's', control: true, shift: true, command: 'save-gzip', everywhere: true },
  { key: 'e', control: true, command: 'export', everywhere: true },
  { key: 'F1', command: 'keys', everywhere: true },
  { key: 'F6', command: 'next-panel', everywhere: true },
  { key: 'F6', shift: true, command: 'previous-panel', everywhere: true },
  { key: ' ', command: 'space' },
  { key: 'ArrowLeft', command: 'previous-event' },
  { key: 'ArrowRight', command: 'next-event' },
  { key: 'ArrowLeft', alt: true, command: 'previous-message' },
  { key: 'ArrowRight', alt: true, command: 'next-message' },
  { key: 'ArrowLeft', shift: true, command: 'previous-failure' },
  { key: 'ArrowRight', shift: true, command: 'next-failure' },
  { key: 'PageUp', command: 'previous-view' },
  { key: 'PageDown', command: 'next-view' },
  { key: 'Home', command: 'first-event' },
  { key: 'End', command: 'go-live' },
  { key: 'l', command: 'go-live' },
  { key: 'b', command: 'branch' },
  { key: 'e', command: 'explore-here' },
  { key: 'e', shift: true, command: 'explore-new' },
  { key: 'k', command: 'kill-selected' },
  { key: 'p', command: 'pause-selected' },
  { key: 'r', command: 'restart-selected' },
  { key: '/', command: 'search' },
  { key: 'h', command: 'heartbeats' },
  { key: 'm', command: 'measure' },
  { key: '+', command: 'zoom-in' },
  { key: '=', command: 'zoom-in' },
  { key: '-', command: 'zoom-out' },
  { key: '0', command: 'fit' },
  { key: 'ArrowLeft', control: true, command: 'pan-left' },
  { key: 'ArrowRight', control: true, command: 'pan-right' },
  { key: '[', command: 'cause' },
  { key: ']', command: 'effect' },
  { key: 'g', command: 'next-match' },
  { key: 'g', shift: true, command: 'previous-match' },
  { key: 'i', command: 'inspector' },
  { key: 'Escape', command: 'close-drawers' },
  { key: '1', command: 'tab-log' },
  { key: '2', command: 'tab-operations' },
  { key: '3', command: 'tab-views' },
  { key: '4', command: 'tab-plots' },
  { key: '5', command: 'tab-inboxes' },
  { key: '6', command: 'tab-scenario' },
  { key: '7', command: 'tab-watch' },
  { key: '8', command: 'tab-compare' },
  { key: '9', command: 'tab-rules' },
  { key: 'y', command: 'tab-history' },
  { key: 'F8', command: 'next-difference', everywhere: true },
  { key: 'F8', shift: true, command: 'previous-difference', everywhere: true },
  { key: 'Enter', command: 'deliver-selected' },
  { key: 'n', command: 'deliver-next' },
  { key: 'd', command: 'drop-selected' },
  { key: 'u', command: 'duplicate-selected' },
  { key: 'ArrowUp', command: 'previous-waiting' },
  { key: 'ArrowDown', command: 'next-waiting' },
]

/** The content of the help (F1): groups of keys with descriptions, including keys that a panel handles itself. */
export const keyHelp: readonly { readonly title: string; readonly rows: readonly (readonly [keys: string, words: string])[] }[] = [
  {
    title: 'Time', rows: [
      ['Space', 'freeze or thaw; in a recording and in the past, play or stop'], ['Left  Right', 'previous, next event'],
      ['Alt Left  Right', 'previous, next message that is no heartbeat'], ['Shift Left  Right', 'previous, next failure'],
      ['PgUp  PgDn', 'previous, next view'], ['Home', 'first event'], ['End  L', 'newest event, and follow it'], ['B', 'branch here: a live session from this moment'],
      ['E', 'explore every order from this moment'], ['Shift E', 'explore every order from a new cluster'],
    ],
  },
  {
    title: 'The diagram', rows: [
      ['+  -', 'zoom in, out'], ['0', 'the whole session'], ['Ctrl Left  Right', 'earlier, later'], ['[  ]', 'to the cause, the effect'], ['H', 'heartbeats one by one'],
      ['M', 'measure between two events'],
    ],
  },
  {
    title: 'The selected process', rows: [['K', 'kill'], ['P', 'pause or resume'], ['R', 'restart'], ['Up  Down', 'another process, or another row']],
  },
  {
    title: 'The inboxes', rows: [['Enter', 'deliver the selected message'], ['N', 'deliver the next in line'], ['D', 'drop it'], ['U', 'duplicate it'], ['Up  Down', 'another message']],
  },
  {
    title: 'Panels', rows: [
      ['1  2  3  4', 'log, operations, views, plots'], ['5  6  7  8  9', 'inboxes, scenario, watch, compare, rules'], ['Y', 'history: what the clients saw, in order'], ['I  Esc', 'open, close the inspector'], ['/', 'search the log'], ['G  Shift G', 'next, previous match'], ['F8  Shift F8', 'next, previous difference from the recording beside it'], ['F6  Shift F6', 'next, previous panel'],
      ['Arrows on a gap', 'move it; Enter for the default'],
    ],
  },
  {
    title: 'Session', rows: [
      ['Ctrl K', 'do anything'], ['Ctrl N', 'new cluster'], ['Ctrl O', 'open a recording'], ['Ctrl S', 'save the recording'],
      ['Ctrl Shift S', 'save it packed (.gz)'], ['Ctrl E', 'export it for other tools'], ['F1', 'this list'],
    ],
  },
]

/** True if a key press types or chooses something in this element, so that letters are not commands. */
export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** Widgets whose own keys take precedence over the window's keys. */
const ownKeys: readonly { readonly selector: string; readonly keys: readonly string[] }[] = [
  // Space on a row's name or on the Freeze button is still the window's Space, because the focus stays there after a click.
  { selector: 'button:not([data-space-passes], [role=tab]), a[href], summary', keys: [' '] },
  { selector: 'button, a[href], summary, [role=separator], [role=listbox], [role=option], [role=radio], [role=menuitem]', keys: ['Enter'] },
  // Arrow keys already choose a tab, so Space is free for the window.
  { selector: '[role=tab]', keys: ['ArrowLeft', 'ArrowRight', 'Home', 'End'] },
  { selector: '[role=radio], [role=separator], [role=slider], [role=spinbutton]', keys: ['ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', ' '] },
  { selector: '[role=listbox], [role=option], [role=tree]', keys: ['Home', 'End', 'PageUp', 'PageDown', ' '] },
  { selector: '[role=radio], [role=separator], [role=slider], [role=spinbutton], [role=listbox], [role=option], [role=tree], .panel-body', keys: ['ArrowUp', 'ArrowDown'] },
  // Space does nothing in rows, so it is free for the window.
  { selector: '[role=grid], [role=row], [role=gridcell], [role=rowgroup]', keys: ['Home', 'End', 'PageUp', 'PageDown'] },
]

/** Characters that need Shift on some keyboards only. */
const signs: readonly string[] = ['/', '+', '=', '[', ']', '0']

/** The command of a key press, or undefined if the window has none for it. */
export function commandOfKey(event: KeyboardEvent): CommandName | undefined {
  if (event.defaultPrevented || event.isComposing) return undefined
  const control = event.ctrlKey || event.metaKey
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const hasShift = ({ shift = false }: KeyBinding): boolean => shift === event.shiftKey || signs.includes(key)
  const binding = keyBindings.find((found) => found.key === key && (found.control ?? false) === control && (found.alt ?? false) === event.altKey && hasShift(found))
  if (binding === undefined) return undefined
  if (binding.everywhere) return binding.command
  if (isField(event.target)) return undefined
  const target = event.target
  // With Shift or Alt a key never belongs to a widget.
  const isPlain = !event.shiftKey && !event.altKey
  if (isPlain && target instanceof Element && ownKeys.some(({ selector, keys }) => keys.includes(event.key) && target.closest(selector))) return undefined
  return binding.command
}

/** The keys of a command, as the palette and tooltips show them; empty without keys. */
export function keysOf(command: CommandName): string {
  const binding = keyBindings.find((found) => found.command === command)
  if (binding === undefined) return ''
  const names: Record<string, string> = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', PageUp: 'PgUp', PageDown: 'PgDn' }
  const key = names[binding.key] ?? (binding.key.length === 1 ? binding.key.toUpperCase() : binding.key)
  return [binding.control ? 'Ctrl' : '', binding.alt ? 'Alt' : '', binding.shift ? 'Shift' : '', key].filter(Boolean).join(' ')
}
