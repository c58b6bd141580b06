// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Gives } from '../../src/contract'
import { useSessionStore } from '../stores/session'
import { saveFile } from './save-file'

let address = ''

/** A message about a saved file, from the desktop app or from another source. */
function tell(saved: object, source: Window | null = window): void {
  window.dispatchEvent(new MessageEvent('message', { source: source as never, data: { type: 'lab:saved', saved } }))
}

function on(host: 'electron' | 'browser'): void {
  useSessionStore().about = { host } as Gives<'hello'>
}

const said = (): readonly [string, string] => [useSessionStore().said.text, useSessionStore().said.kind]

describe('a file that is saved', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    vi.spyOn(URL, 'createObjectURL').mockImplementation(() => { address = `blob:${Math.random()}`; return address })
  })

  it('is the browser\'s from the moment that it is given', async () => {
    on('browser')
    await saveFile(new Blob(['x']), 'a.csv', ['One row is left out.'])
    expect(said()).toEqual(['a.csv is saved. One row is left out.', 'done'])
  })

  it.each([
    ['saved', '', 'a.csv is saved.', 'done'],
    ['cancelled', '', 'a.csv was not saved.', 'done'],
    ['failed', 'the disk is full', 'a.csv cannot be written there: the disk is full. Nothing of it was left; save it elsewhere.', 'refused'],
  ])('on the desktop is %s when the desktop says so, and not before', async (state, reason, sentence, kind) => {
    on('electron')
    const saving = saveFile(new Blob(['x']), 'a.csv')
    tell({ address: 'blob:other', state: 'failed', reason: 'no' })
    tell({ address, state: 'failed', reason: 'no' }, null)
    await new Promise((resolve) => setTimeout(resolve))
    expect(said()[0]).toBe('')
    tell({ address, state, reason })
    await saving
    expect(said()).toEqual([sentence, kind])
  })
})
