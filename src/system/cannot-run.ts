// The error of a program that cannot do what was asked: plain sentences, and exit status 2 where a command ends with it (ending.ts).

/** For bad usage, a bad file, an unknown name, or a failure of the machine. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
  readonly sentences: readonly string[]

  /** Each sentence becomes a line. */
  constructor(...sentences: readonly string[]) {
    super(sentences.join('\n'))
    this.sentences = sentences
  }
}
