// What the window and a worker that reads one side of a comparison say to each other. Every question but `file` has one answer, in order;
// a file is answered by its header, its lines piece by piece, and its end. Plain values only: they are cloned on the way.
import type { Alignment, Prints } from '../../../src/check'
import type { TraceHeader } from '../../../src/trace'

export type PrintsQuestion =
  /** Read this file to its end. */
  | { readonly type: 'file'; readonly file: File; readonly eventsMax: number }
  /** The next events, as lines joined by line feeds. */
  | { readonly type: 'lines'; readonly text: string }
  /** That was all: the prints of what came. */
  | { readonly type: 'prints' }
  | { readonly type: 'align'; readonly first: Prints; readonly second: Prints; readonly heartbeats: boolean }

export type PrintsAnswer =
  | { readonly type: 'header'; readonly header: TraceHeader }
  /** Whole lines of a file, and how much of the file has been read, from 0 to 1. */
  | { readonly type: 'lines'; readonly text: string; readonly share: number }
  /** The file is over: empty, or what is to be said of its end. */
  | { readonly type: 'end'; readonly note: string }
  | { readonly type: 'taken' }
  | { readonly type: 'prints'; readonly prints: Prints }
  | { readonly type: 'alignment'; readonly alignment: Alignment }
  /** One sentence; nothing more comes of this question. */
  | { readonly type: 'problem'; readonly text: string }
