// The contents of the packaged app: everything that its programs load, and nothing else.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeDmg, makeZip } from './archive.mjs'
import { closure } from './stage.mjs'

test('a program takes with it what it loads, at once or later, and what that loads; nothing else of the build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-package-'))
  const files = {
    'index.js': 'import{a}from"./a-1.js";const b=()=>import(`./b-2.js`);export*from\'node:fs\'', 'a-1.js': 'import "./c_3.js"', 'b-2.js': 'export { x } from "./a-1.js"',
    'c_3.js': 'new URL("./node.js", import.meta.url)', 'node.js': '', 'bench.js': '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  expect(closure(['index.js'], folder).sort()).toEqual(['a-1.js', 'b-2.js', 'c_3.js', 'index.js'])
  rmSync(folder, { recursive: true, force: true })
})

const png = (file: Buffer): string => file.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])) ? `${file.readUInt32BE(16)}x${file.readUInt32BE(20)}` : 'no PNG'
const icon = (ending: string): Buffer => readFileSync(join(import.meta.dirname, '../../main', `icon.${ending}`))

test('the icon of Windows holds a picture of each size that its directory names', () => {
  const file = icon('ico')
  expect([file.readUInt16LE(0), file.readUInt16LE(2)]).toEqual([0, 1])
  const entries = Array.from({ length: file.readUInt16LE(4) }, (_, index) => 6 + 16 * index)
  const sizes = entries.map((entry) => file[entry] || 256)
  expect(sizes).toEqual([16, 24, 32, 48, 64, 128, 256])
  const pictures = entries.map((entry) => file.subarray(file.readUInt32LE(entry + 12), file.readUInt32LE(entry + 12) + file.readUInt32LE(entry + 8)))
  expect(pictures.map(png)).toEqual(sizes.map((size) => `${size}x${size}`))
})

test('the icon of macOS holds a picture of the size that each part is of', () => {
  const file = icon('icns')
  expect([file.toString('latin1', 0, 4), file.readUInt32BE(4)]).toEqual(['icns', file.length])
  const parts: string[] = []
  for (let at = 8; at < file.length; at += file.readUInt32BE(at + 4)) parts.push(`${file.toString('latin1', at, at + 4)} ${png(file.subarray(at + 8))}`)
  expect(parts).toEqual(['icp4 16x16', 'icp5 32x32', 'icp6 64x64', 'ic07 128x128', 'ic08 256x256', 'ic09 512x512', 'ic10 1024x1024'])
})

const hasZip = spawnSync('zip', ['-v'], { stdio: 'ignore' }).status === 0 && process.platform === 'linux'
test.runIf(hasZip)('an archive holds the folder, and links as links; again made, it is the new one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-archive-'))
  const app = join(folder, 'Understudy-win32-x64')
  mkdirSync(app)
  writeFileSync(join(app, 'understudy.exe'), 'program')
  symlinkSync('understudy.exe', join(app, 'link'))
  expect(makeZip({ folder: app, dist: folder })).toBe(join(folder, 'Understudy-win32-x64.zip'))
  rmSync(join(app, 'link'))
  expect(makeDmg({ folder: app, dist: folder })).toBe(join(folder, 'Understudy-win32-x64.zip'))
  const listed = spawnSync('python3', ['-m', 'zipfile', '-l', join(folder, 'Understudy-win32-x64.zip')], { encoding: 'utf8' }).stdout
  expect(listed).toContain('Understudy-win32-x64/understudy.exe')
  expect(listed).not.toContain('Understudy-win32-x64/link')
  rmSync(folder, { recursive: true, force: true })
})
