// The port: the interface that each carrier must offer. The three carriers are Electron's MessagePort, a WebSocket and an in-process pair.

/** What crosses a port: a call, its answer or refusal, or an event sent unasked. */
export type Frame =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly takes: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly gives: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly sentence: string }
  | { readonly type: 'event'; readonly name: string; readonly data: unknown }

export interface Port {
  /** Sends a frame; order is kept; after close it does nothing. */
  send(frame: Frame): void
  onFrame(listener: (frame: Frame) => void): void
  onClose(listener: () => void): void
  close(): void
}
