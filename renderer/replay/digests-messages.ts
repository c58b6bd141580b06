// The messages between the window and a worker that reads one side of a comparison. Every question except `file` has one answer, in order;
// a file is answered by its header, its lines in chunks, and its end. Plain values only, because postMessage clones them.
import type { Alignment, Digests } from '../../src/check'
import type { TraceHeader } from '../../src/trace'

export type DigestsQuestion =
  /** Read this file to its end. */
  | { readonly type: 'file'; readonly file: File; readonly eventsMax: number }
  /** The next events, as lines joined by line feeds. */
  | { readonly type: 'lines'; readonly text: string }
  /** No more lines follow; asks for the digests of all events. */
  | { readonly type: 'digests' }
  | { readonly type: 'align'; readonly first: Digests; readonly second: Digests; readonly heartbeats: boolean }

export type DigestsAnswer =
  | { readonly type: 'header'; readonly header: TraceHeader }
  /** Whole lines of a file, and the share of the file that has been read, from 0 to 1. */
  | { readonly type: 'lines'; readonly text: string; readonly share: number }
  /** The end of the file, with a sentence about it (if the file is cut off) or ''. */
  | { readonly type: 'end'; readonly note: string }
  | { readonly type: 'taken' }
  | { readonly type: 'digests'; readonly digests: Digests }
  | { readonly type: 'alignment'; readonly alignment: Alignment }
  /** One sentence; the question gets no further answer. */
  | { readonly type: 'problem'; readonly text: string }
