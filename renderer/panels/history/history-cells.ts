// The history in view as text for screen readers: a row for each client, a cell for each operation. The number of cells is bounded, and
// `hasMore` says if some are missing. Pure.
import { cellsMax, type LaneCells } from '../diagram/cells'
import type { DiagramModel } from '../diagram/model/model'

/** The invocations of the operations that began between two events; of each client only the last ones. */
export function historyCells(model: DiagramModel, first: number, last: number): LaneCells[] {
  return model.lanes.flatMap(({ name, kind }, lane): LaneCells[] => {
    const spans = model.operations[lane]?.spans
    if (kind !== 'client' || !spans) return []
    const begin = spans.firstFrom(first)
    const end = spans.firstFrom(last + 1)
    const from = Math.max(begin, end - cellsMax)
    return [{ lane, name, seqs: Array.from({ length: Math.max(0, end - from) }, (_, index) => spans.begin(from + index)), hasMore: from > begin }]
  })
}
