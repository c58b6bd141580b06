// Draws the incarnation of a direct-mode process, where nothing counts incarnations. The clock part makes it mostly higher than the one before. The
// random part keeps two processes apart if a clock stopped or was set back. It proves nothing: the view server decides
// (docs/decisions/incarnations.md).

/** Incarnations drawn in different slots are ordered by the clock. */
const slotMs = 16
/** Below 2^53 until the year 2109. */
const chances = 2 ** 15

export function drawIncarnation(nowMs: number, random: number): number {
  return Math.floor(nowMs / slotMs) * chances + Math.floor(random * chances)
}
