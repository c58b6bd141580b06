// `node scripts/package/icons.mjs`: renders main/icon.svg as icons for Windows (.ico) and macOS (.icns), with the Chromium of the tests.
// Run it when the drawing changes and commit the results: packaging must need no browser.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { root, say } from '../install.mjs'
import { findChromium } from '../system.mjs'

/** Sizes in an .ico, from a list entry to a large tile of Windows. */
const icoSizes = [16, 24, 32, 48, 64, 128, 256]
/** The type code of each PNG size in an .icns. */
const icnsTypes = { 16: 'icp4', 32: 'icp5', 64: 'icp6', 128: 'ic07', 256: 'ic08', 512: 'ic09', 1024: 'ic10' }

/** An .ico of PNGs: a directory entry of 16 bytes for each image, then the images. */
export function icoOf(images) {
  const head = Buffer.alloc(6 + 16 * images.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(images.length, 4)
  let at = head.length
  images.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index
    head[entry] = head[entry + 1] = size === 256 ? 0 : size
    head.writeUInt16LE(1, entry + 4)
    head.writeUInt16LE(32, entry + 6)
    head.writeUInt32LE(png.length, entry + 8)
    head.writeUInt32LE(at, entry + 12)
    at += png.length
  })
  return Buffer.concat([head, ...images.map(({ png }) => png)])
}

/** An .icns of PNGs. Each image has a type, a length that includes its eight header bytes, and the file. */
export function icnsOf(images) {
  const part = (type, body) => {
    const head = Buffer.alloc(8)
    head.write(type, 'latin1')
    head.writeUInt32BE(body.length + 8, 4)
    return Buffer.concat([head, body])
  }
  return part('icns', Buffer.concat(images.map(({ size, png }) => part(icnsTypes[size], png))))
}

async function draw() {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] })
  const svg = readFileSync(join(root, 'main/icon.svg'), 'utf8')
  const images = new Map()
  for (const size of new Set([...icoSizes, ...Object.keys(icnsTypes).map(Number)])) {
    const page = await browser.newPage({ viewport: { width: size, height: size } })
    await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px; height: ${size}px }</style>${svg}`)
    images.set(size, await page.screenshot({ omitBackground: true }))
    await page.close()
  }
  await browser.close()
  const of = (sizes) => sizes.map((size) => ({ size, png: images.get(size) }))
  writeFileSync(join(root, 'main/icon.ico'), icoOf(of(icoSizes)))
  writeFileSync(join(root, 'main/icon.icns'), icnsOf(of(Object.keys(icnsTypes).map(Number))))
  say('main/icon.ico and main/icon.icns are drawn.')
}

if (process.argv[1] === import.meta.filename) await draw()
