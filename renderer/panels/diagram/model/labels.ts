// Short texts that the diagram draws, each stored once and identified by a number. Bounded: when it is full, a new text gets the number 0
// of the empty text, and the diagram draws no label. Pure.

/** Most different texts, and most characters of each. */
export const labelsMax = 65_536
const charactersMax = 40

export class Labels {
  readonly #texts: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])

  /** The number of a text; 0 for the empty text, and for a new text when it is full. */
  number(text: string): number {
    const short = text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text
    const known = this.#numbers.get(short)
    if (known !== undefined) return known
    if (this.#texts.length >= labelsMax) return 0
    this.#texts.push(short)
    this.#numbers.set(short, this.#texts.length - 1)
    return this.#texts.length - 1
  }

  text(number: number): string {
    return this.#texts[number] ?? ''
  }
}
