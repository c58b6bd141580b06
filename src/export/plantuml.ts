// PlantUML's sequence diagrams. PlantUML has a preprocessor and a mark-up of its own, so what came from a cluster is written with
// numbers wherever a character could mean something to either.
import { createWriter, wholeRecording, type Exporter } from './exporter'
import { SequenceFormat, type ArrowKind, type Dialect } from './sequence'
import { visible } from '../trace'

export const plantuml: Exporter = {
  title: 'PlantUML sequence diagram',
  about: 'A sequence diagram for PlantUML and the pages that draw it; at most 50\u00a0000 characters, so choose a range.',
  extension: '.puml',
  mimeType: 'text/plain',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new SequenceFormat(scene, dialect)),
}

const arrows: Readonly<Record<ArrowKind, string>> = { request: '->', answer: '-->', lost: '->x' }

const dialect: Dialect = {
  head: (participants) => ['@startuml', 'autonumber', ...participants.map((name, index) => `participant "${plantumlText(name)}" as p${index}`)].join('\n') + '\n',
  arrow: (from, to, kind, text) => `p${from} ${arrows[kind]} p${to} : ${plantumlText(text)}\n`,
  note: (over, text) => `note ${over === 'all' ? 'across' : `over p${over}`} : ${plantumlText(text)}\n`,
  foot: '@enduml\n',
}

/** All but letters, digits, spaces and marks that mean nothing to PlantUML, singly; a dash after a dash would strike the text out. */
const special = /[^\p{L}\p{N} .,:;()+→…-]|(?<=-)-|(?<=\.)\./gu

export function plantumlText(text: string): string {
  return visible(text).trim().replace(special, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`) || ' '
}
