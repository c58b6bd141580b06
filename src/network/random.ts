// The seeded random source: the same seed gives the same draws, on every machine and in every driver.
// Nothing else in the lab may be random: faults, workloads and simulations take one of these.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number from 0 to `end` - 1, each as likely. */
  below(end: number): number
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean
  /** One of the items, each as likely; the list must not be empty. */
  pick<Item>(items: readonly Item[]): Item
}

/** A source of its own for each `purpose`, so that one user's draws do not shift another's. */
export function createRandom(seed: string, purpose = ''): Random {
  let [a, b, c, d] = hashOf(`${seed}/${purpose}`)
  // sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, a period of about 2^127, no multiplication.
  const next32 = (): number => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return sum >>> 0
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) next32()
  const next = (): number => next32() / 0x1_0000_0000
  return {
    next,
    below: (end) => Math.floor(next() * end),
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[Math.floor(next() * items.length)] as (typeof items)[number]
    },
  }
}

/** Four words of state from a text: FNV-1a with four offsets. */
function hashOf(text: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35]
  for (let word = 0; word < 4; word++) {
    let hash = words[word] as number
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    words[word] = hash ^ (hash >>> 15)
  }
  return words
}
