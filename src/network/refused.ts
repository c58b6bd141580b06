// An act that makes no sense now. Whoever asked is told its sentence, and nothing has changed.

/** A refused act: one plain sentence for a person. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
