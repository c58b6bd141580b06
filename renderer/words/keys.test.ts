// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { commandOfKey, keyBindings, keysOf } from './keys'

function press(selector: string, key: string, modifiers: KeyboardEventInit = {}): string | undefined {
  let command: string | undefined
  const listen = (event: KeyboardEvent): void => { command = commandOfKey(event) }
  window.addEventListener('keydown', listen, { once: true })
  document.querySelector(selector)?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...modifiers }))
  return command
}

describe('the keys of the window', () => {
  beforeEach(() => {
    document.body.innerHTML = '<input id="field"><button id="button"></button><button id="row" data-space-passes></button><div role="tablist"><button id="tab" role="tab"></button></div><div role="listbox"><div id="option" role="option"></div></div><div id="grid" role="grid" tabindex="0"></div>'
  })

  it('act on the page', () => {
    expect(press('body', 'k')).toBe('kill-selected')
    expect(press('body', ' ')).toBe('space')
    expect(press('body', 'b')).toBe('branch')
    expect(press('body', 'ArrowLeft')).toBe('previous-event')
    expect(press('body', 'ArrowLeft', { shiftKey: true })).toBe('previous-failure')
  })

  it('leave letters to a field, but not Ctrl with a letter', () => {
    expect(press('#field', 'k')).toBeUndefined()
    expect(press('#field', ' ')).toBeUndefined()
    expect(press('#field', 'k', { ctrlKey: true })).toBe('palette')
    expect(press('#field', 'F1')).toBe('keys')
  })

  it('leave Space to a button and arrows to a tab', () => {
    expect(press('#button', ' ')).toBeUndefined()
    expect(press('#button', 'k')).toBe('kill-selected')
    expect(press('#tab', 'ArrowRight')).toBeUndefined()
    expect(press('#option', 'End')).toBeUndefined()
  })

  it('freeze from where the focus rests after a click on a process', () => {
    expect(press('#row', ' ')).toBe('space')
  })

  it('deliver by Enter, but never in the place of a button', () => {
    expect([press('body', 'Enter'), press('#grid', 'Enter'), press('#grid', ' '), press('body', 'n')]).toEqual(['deliver-selected', 'deliver-selected', 'space', 'deliver-next'])
    expect([press('#button', 'Enter'), press('#tab', 'Enter'), press('#option', 'Enter'), press('#field', 'Enter')]).toEqual([undefined, undefined, undefined, undefined])
  })

  it('go from message to message with Alt, which makes no other key act', () => {
    expect([press('body', 'ArrowLeft', { altKey: true }), press('#tab', 'ArrowRight', { altKey: true })]).toEqual(['previous-message', 'next-message'])
    expect([press('body', 'k', { altKey: true }), press('#field', 'ArrowLeft', { altKey: true })]).toEqual([undefined, undefined])
  })

  it('walk through matches by G and Shift G', () => {
    expect([press('body', 'g'), press('body', 'G', { shiftKey: true }), press('#field', 'g')]).toEqual(['next-match', 'previous-match', undefined])
  })

  it('tell Ctrl S from Ctrl Shift S', () => {
    expect(press('body', 's', { ctrlKey: true })).toBe('save')
    expect(press('body', 'S', { ctrlKey: true, shiftKey: true })).toBe('save-gzip')
  })

  it('are each bound once', () => {
    const pressed = keyBindings.map((binding) => `${binding.control ?? false}${binding.shift ?? false}${binding.alt ?? false}${binding.key}`)
    expect(new Set(pressed).size).toBe(pressed.length)
  })

  it('are shown as people know them', () => {
    expect([keysOf('palette'), keysOf('space'), keysOf('next-failure'), keysOf('next-message'), keysOf('kill')]).toEqual(['Ctrl K', 'Space', 'Shift →', 'Alt →', ''])
  })
})
