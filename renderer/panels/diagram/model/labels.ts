// Short texts that the diagram draws, each kept once and known by a number. Bounded: when there are too many different ones, a new one
// is `unknown`, and whoever draws it says less. Pure.

/** Different texts that are kept, and characters of each. */
export const labelsMax = 65_536
const charactersMax = 40

export class Labels {
  readonly #texts: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])

  /** The number of a text; 0 for the empty one, and for one that found no room. */
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
