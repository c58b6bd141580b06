// PlantUML's sequence diagrams. PlantUML has a preprocessor and mark-up of its own, so cluster text must never contain their characters:
// each is written as a number.
import { createWriter, wholeRecording, type Exporter } from './exporter'
import { PlantumlPicture } from './plantuml-picture'
import { SequenceFormat, type ArrowKind, type Dialect } from './sequence'
import { visible } from '../trace'

export const plantuml: Exporter = {
  title: 'PlantUML sequence diagram',
  about: 'A sequence diagram for PlantUML and the pages that draw it; at most 50\u00a0000 characters, and PNGs end at 4\u00a0096 pixels: choose a range.',
  extension: '.puml',
  mimeType: 'text/plain',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new SequenceFormat(scene, dialect())),
}

const arrows: Readonly<Record<ArrowKind, string>> = { request: '->', answer: '-->', lost: '->x' }

/** The first line, where a person who draws the file sees it. A line that begins with `'` is a comment. */
const head = `' As SVG this is whole: plantuml -tsvg FILE. A PNG of PlantUML ends at 4096 pixels each way, in silence.`

const dialect = (): Dialect => ({
  picture: new PlantumlPicture(),
  head: (participants) => ['@startuml', head, 'autonumber', ...participants.map((name, index) => `participant "${plantumlText(name)}" as p${index}`)].join('\n') + '\n',
  arrow: (from, to, kind, text) => `p${from} ${arrows[kind]} p${to} : ${plantumlText(text)}\n`,
  note: (over, text) => `note ${over === 'all' ? 'across' : `over p${over}`} : ${plantumlText(text)}\n`,
  foot: '@enduml\n',
})

/** All but letters, digits, spaces and marks without meaning in PlantUML; also the second of two dots or dashes: double dashes strike text out. */
const special = /[^\p{L}\p{N} .,:;()+→…-]|(?<=-)-|(?<=\.)\./gu

export function plantumlText(text: string): string {
  return visible(text).trim().replace(special, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`) || ' '
}
