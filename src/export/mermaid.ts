// Mermaid's sequence diagrams, for Markdown pages, issues and slides. Text from a cluster must never be anything but text: it is escaped so
// that no keyword, comment, directive or mark-up remains.
import { createWriter, wholeRecording, type Exporter } from './exporter'
import { SequenceFormat, type ArrowKind, type Dialect } from './sequence'
import { visible } from '../trace'

export const mermaid: Exporter = {
  title: 'Mermaid sequence diagram',
  about: 'A sequence diagram for Markdown pages and issues; at most 50\u00a0000 characters, fewer on some, so choose a range.',
  extension: '.mmd',
  mimeType: 'text/vnd.mermaid',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new SequenceFormat(scene, dialect(scene.header.nodes.length))),
}

const arrows: Readonly<Record<ArrowKind, string>> = { request: '->>', answer: '-->>', lost: '-x' }

/** Above its character limit Mermaid draws nothing, and pages can set the limit. Its other limit, 500 edges, is for flowcharts only. */
const head = '%% At most 50 000 characters, as Mermaid draws no more unless its maxTextSize says so. Some pages allow less.'

function dialect(nodes: number): Dialect {
  let last = nodes - 1
  return {
    head: (participants) => {
      last = participants.length - 1
      return [head, 'sequenceDiagram', '  autonumber', ...participants.map((name, index) => `  participant p${index} as ${mermaidText(name)}`)].join('\n') + '\n'
    },
    arrow: (from, to, kind, text) => `  p${from}${arrows[kind]}p${to}: ${mermaidText(text)}\n`,
    note: (over, text) => `  Note over ${over !== 'all' ? `p${over}` : last > 0 ? `p0,p${last}` : 'p0'}: ${mermaidText(text)}\n`,
    foot: '',
  }
}

/** Characters that Mermaid or its Markdown, HTML and formula renderers may treat as syntax. */
const special = /[#;%{}<>&"`$\\]/g

export function mermaidText(text: string): string {
  const plain = visible(text).trim()
  const escaped = plain.replace(special, (character) => `#${character.charCodeAt(0)};`)
  // `wrap:` begins a directive, after `style` and a colon Mermaid reads a number sign as a colour, and a lone `end` ends a block.
  const guarded = /style|classdef|wrap/i.test(escaped) ? escaped.replaceAll(':', '#58;') : escaped
  return guarded.replace(/\bend\b/gi, (word) => `#${word.charCodeAt(0)};${word.slice(1)}`) || ' '
}
