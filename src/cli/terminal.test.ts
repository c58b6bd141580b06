// The output of commands on a terminal: control characters in foreign text have no effect. Without a terminal, values are unchanged.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { asGiven, printJson, printLines, printValue, say } from './terminal'

const evil = 'a\u001b[31m\nb\r\u009bK\u202ec'
const seen = 'a\\u001b[31m\\nb\\r\\u009bK\\u202ec'

let out: string
const { isTTY } = process.stdout
beforeEach(() => {
  out = ''
  const write = (text: string | Uint8Array): boolean => {
    out += String(text)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(write)
})
afterEach(() => {
  vi.restoreAllMocks()
  process.stdout.isTTY = isTTY
})

it.each([true, false])('lines and sentences have nothing unseen in them, on a terminal (%s) and elsewhere', (terminal) => {
  process.stdout.isTTY = terminal
  printLines(['x', evil])
  say(evil, 'y')
  expect(out).toBe(`x\n${seen}\n${seen}\ny\n`)
})

it('JSON has nothing unseen in it and is the same value', () => {
  printJson({ [evil]: [evil] })
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(JSON.parse(out)).toEqual({ [evil]: [evil] })
})

it('a value is raw for a script, and shown on a terminal', () => {
  process.stdout.isTTY = false
  printValue(evil)
  expect(out).toBe(`${evil}\n`)
  expect(asGiven(evil)).toBe(evil)
  out = ''
  process.stdout.isTTY = true
  printValue(evil)
  expect(out).toBe(`${seen}\n`)
  expect(asGiven(evil)).toBe('a\\u001b[31m\nb\\r\\u009bK\\u202ec')
})
