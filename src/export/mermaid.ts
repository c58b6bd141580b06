// Mermaid's sequence diagrams, for Markdown pages, issues and slides. Everything that came from a cluster is escaped so that it can be
// nothing but text: no keyword, no comment, no directive, no mark-up.
import { createWriter, wholeRecording, type Exporter } from './exporter'
import { SequenceFormat, type ArrowKind, type Dialect } from './sequence'
import { visible } from '../trace'

export const mermaid: Exporter = {
  title: 'Mermaid sequence diagram',
  about: 'A sequence diagram for Markdown pages and issues; at most 50\u00a0000 characters, so choose a range.',
  extension: '.mmd',
  mimeType: 'text/vnd.mermaid',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new SequenceFormat(scene, dialect(scene.header.nodes.length))),
}

const arrows: Readonly<Record<ArrowKind, string>> = { request: '->>', answer: '-->>', lost: '-x' }

function dialect(nodes: number): Dialect {
  let last = nodes - 1
  return {
    head: (participants) => {
      last = participants.length - 1
      return ['sequenceDiagram', '  autonumber', ...participants.map((name, index) => `  participant p${index} as ${mermaidText(name)}`)].join('\n') + '\n'
    },
    arrow: (from, to, kind, text) => `  p${from}${arrows[kind]}p${to}: ${mermaidText(text)}\n`,
    note: (over, text) => `  Note over ${over !== 'all' ? `p${over}` : last > 0 ? `p0,p${last}` : 'p0'}: ${mermaidText(text)}\n`,
    foot: '',
  }
}

/** Characters that Mermaid or its Markdown, HTML and formula renderers may take for more than text. */
const special = /[#;%{}<>&"`$\\]/g

export function mermaidText(text: string): string {
  const plain = visible(text).trim()
  const escaped = plain.replace(special, (character) => `#${character.charCodeAt(0)};`)
  // `wrap:` begins a directive, and after `style` and a colon Mermaid takes a number sign for a colour; a lone `end` ends a block.
  const guarded = /style|classdef|wrap/i.test(escaped) ? escaped.replaceAll(':', '#58;') : escaped
  return guarded.replace(/\bend\b/gi, (word) => `#${word.charCodeAt(0)};${word.slice(1)}`) || ' '
}
