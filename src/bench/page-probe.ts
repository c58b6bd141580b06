// Functions that measure inside the page. Each is sent to the page as text, so it must never refer to anything outside of itself. They read the
// stores through the mounted application; user actions go through real input events.

/** The part of the trace store that the probe uses. */
interface ProbedTrace {
  readonly latest: number
  readonly header: object | null
  readonly loading: object | null
  readonly position: number
  readonly tail: { readonly wall: number } | null
  goTo(seq: number): void
  goLive(): void
}

export interface Frames {
  readonly seconds: number
  readonly frames: number
  /** Milliseconds between two frames. */
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** Resolves when the window has rendered. */
export async function untilReady(): Promise<void> {
  while (!document.querySelector('[data-test="session-chip"]')) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Resolves when the window shows a live session and an acked view with a backup: both times in the page's wall time. */
export async function untilUsable(): Promise<{ usableAt: number; ackedAt: number }> {
  interface Shown { readonly views: readonly { readonly ackedAt: number; readonly view: { readonly backups: readonly object[] } }[] }
  const stores = async (): Promise<Map<string, unknown>> => {
    for (;;) {
      const root = document.querySelector('#app') as unknown as { __vue_app__?: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } } } | null
      if (root?.__vue_app__ && document.querySelector('[data-test="session-chip"]')) return root.__vue_app__.config.globalProperties.$pinia._s
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const found = await stores()
  const session = found.get('session') as { status: { kind: string } }
  while (session.status.kind !== 'live') await new Promise((resolve) => setTimeout(resolve, 5))
  const usableAt = Date.now()
  const trace = found.get('trace') as { tail: Shown | null }
  while (!trace.tail?.views.some(({ ackedAt, view }) => ackedAt >= 0 && view.backups.length > 0)) await new Promise((resolve) => setTimeout(resolve, 5))
  return { usableAt, ackedAt: Date.now() }
}

/** Starts a cluster, and a workload if given; resolves when both have run for a while. */
export async function startCluster(settings: object, workload: object | null): Promise<void> {
  const root = document.querySelector('#app') as unknown as { __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } } }
  const stores = root.__vue_app__.config.globalProperties.$pinia._s
  const session = stores.get('session') as { connection: string; newCluster(settings: object): Promise<void>; startWorkload(workload: object): Promise<void> }
  while (session.connection !== 'open') await new Promise((resolve) => setTimeout(resolve, 20))
  await session.newCluster(settings)
  if (workload) await session.startWorkload(workload)
  await new Promise((resolve) => setTimeout(resolve, 2000))
}

/** Resolves when the inspector shows the state at the end, with the milliseconds since the call. */
export async function untilStepped(): Promise<number> {
  const beganAt = performance.now()
  do await new Promise((resolve) => setTimeout(resolve, 50))
  while (document.querySelector('.inspector[aria-busy="true"]') && performance.now() - beganAt < 600_000)
  return Math.round(performance.now() - beganAt)
}

/** Starts to record how long the main thread is blocked, and the times of frames. */
export function startWatching(): void {
  const page = window as unknown as { probe: { gaps: number[]; blocks: number[]; stop: boolean }; probedTrace: ProbedTrace }
  const root = document.querySelector('#app') as unknown as { __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } } }
  page.probedTrace = root.__vue_app__.config.globalProperties.$pinia._s.get('trace') as ProbedTrace
  const probe = page.probe = { gaps: [], blocks: [], stop: false } as { gaps: number[]; blocks: number[]; stop: boolean }
  let last = performance.now()
  const frame = (): void => {
    const now = performance.now()
    probe.gaps.push(now - last)
    last = now
    if (!probe.stop) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  // Runs a task every few milliseconds: its delay is the time that other tasks took.
  const { port1, port2 } = new MessageChannel()
  let lastTask = performance.now()
  port1.onmessage = () => {
    const now = performance.now()
    probe.blocks.push(now - lastTask)
    if (!probe.stop) {
      setTimeout(() => {
        lastTask = performance.now()
        port2.postMessage(null)
      }, 4)
    } else port1.close()
  }
  port2.postMessage(null)
}

export function stopWatching(): { frames: Frames; blocked: { p50: number; p99: number; max: number } } {
  const { probe } = window as unknown as { probe: { gaps: number[]; blocks: number[]; stop: boolean } }
  probe.stop = true
  const at = (sorted: number[], share: number): number => Math.round((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0) * 10) / 10
  const gaps = probe.gaps.slice(1).sort((one, other) => one - other)
  const blocks = probe.blocks.slice(1).sort((one, other) => one - other)
  return {
    frames: { seconds: Math.round(gaps.reduce((sum, gap) => sum + gap, 0) / 100) / 10, frames: gaps.length, p50: at(gaps, 0.5), p95: at(gaps, 0.95), max: at(gaps, 1) },
    blocked: { p50: at(blocks, 0.5), p99: at(blocks, 0.99), max: at(blocks, 1) },
  }
}

/** Resolves with the milliseconds from the call until the log has rows, and until all events are loaded. */
export async function untilOpened(events: number): Promise<{ usableMs: number; wholeMs: number }> {
  const page = window as unknown as { probedTrace: ProbedTrace }
  const beganAt = performance.now()
  let usableMs = 0
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    const ms = performance.now() - beganAt
    if (usableMs === 0 && page.probedTrace.latest > 0 && document.querySelector('[data-test="event-count"], [data-test="reading"]')) usableMs = Math.round(ms)
    if (page.probedTrace.latest >= events) return { usableMs, wholeMs: Math.round(ms) }
    if (ms > 900_000) throw new Error(`only ${page.probedTrace.latest} events came`)
  }
}

/** Seeks to several events. Measures the milliseconds until the page is painted there, and until the inspector shows the state there. */
export async function seek(count: number, within: readonly [number, number]): Promise<{ paintedMs: number[]; stateMs: number[] }> {
  const { probedTrace } = window as unknown as { probedTrace: ProbedTrace }
  const painted = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))
  const paintedMs: number[] = []
  const stateMs: number[] = []
  for (let index = 0; index < count; index++) {
    const seq = within[0] + Math.floor((within[1] - within[0]) * ((index * 0.618034) % 1))
    const beganAt = performance.now()
    probedTrace.goTo(seq)
    do await painted()
    while (probedTrace.position !== seq)
    paintedMs.push(performance.now() - beganAt)
    while (document.querySelector('.inspector[aria-busy="true"]') && performance.now() - beganAt < 30_000) await painted()
    stateMs.push(performance.now() - beganAt)
  }
  return { paintedMs, stateMs }
}

/** Opens the log tab and waits for its first rows. */
export async function openLog(): Promise<void> {
  const tab = [...document.querySelectorAll('[role="tab"]')].find((found) => found.textContent?.trim() === 'Log') as HTMLElement | undefined
  tab?.click()
  while (!document.querySelector('[role="grid"][aria-label="Log"]')) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Zooms the diagram by its keys from the whole session to single messages and out again, one step a frame. */
export async function zoomDiagram(ms: number): Promise<void> {
  const press = (key: string): void => { document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })) }
  const steps = 40
  press('0')
  const beganAt = performance.now()
  for (let frame = 0; performance.now() - beganAt < ms; frame++) {
    await new Promise(requestAnimationFrame)
    press(Math.floor(frame / steps) % 2 === 0 ? '+' : '-')
  }
  press('0')
}

/** Scrolls the log up and down for `ms`, a page with each frame. */
export async function scrollLog(ms: number): Promise<void> {
  const log = document.querySelector('[role="grid"][aria-label="Log"]') as HTMLElement
  const beganAt = performance.now()
  for (let frame = 0; performance.now() - beganAt < ms; frame++) {
    await new Promise(requestAnimationFrame)
    // Scrolls through the whole list and back, a little with each frame.
    const share = Math.abs(((frame / 120) % 2) - 1)
    log.scrollTop = share * (log.scrollHeight - log.clientHeight)
  }
}

/** Drags along the time line for `ms`, a step with each frame. */
export async function scrub(ms: number, from: number, to: number): Promise<void> {
  const strip = document.querySelector('[role="slider"][aria-label="Time"]') as HTMLElement
  const box = strip.getBoundingClientRect()
  strip.setPointerCapture = () => undefined
  const point = (type: string, share: number): void => {
    strip.dispatchEvent(new PointerEvent(type, { clientX: box.left + box.width * share, clientY: box.top + 20, buttons: 1, bubbles: true, pointerId: 1 }))
  }
  const beganAt = performance.now()
  for (let frame = 0; performance.now() - beganAt < ms; frame++) {
    await new Promise(requestAnimationFrame)
    const share = from + (to - from) * Math.abs(((frame / 180) % 2) - 1)
    point(frame === 0 ? 'pointerdown' : 'pointermove', share)
  }
}

/** The age of the newest event that the page shows, sampled every frame, in milliseconds. `beganAt` is the wall clock when the session's wall time was 0. */
export async function lagOf(ms: number, beganAt: number): Promise<{ p50: number; p95: number; max: number; events: number }> {
  const { probedTrace } = window as unknown as { probedTrace: ProbedTrace }
  const lags: number[] = []
  const first = probedTrace.latest
  const endAt = performance.now() + ms
  while (performance.now() < endAt) {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))
    lags.push(Date.now() - (beganAt + (probedTrace.tail?.wall ?? 0) / 1000))
  }
  lags.sort((one, other) => one - other)
  const at = (share: number): number => Math.round(lags[Math.max(0, Math.ceil(lags.length * share) - 1)] ?? 0)
  return { p50: at(0.5), p95: at(0.95), max: at(1), events: probedTrace.latest - first }
}

/** Bytes of the JavaScript heap after a garbage collection; exact only if the browser was started with precise memory info. */
export function heapBytes(): number {
  const page = window as unknown as { gc?: () => void; performance: { memory?: { usedJSHeapSize: number } } }
  page.gc?.()
  return page.performance.memory?.usedJSHeapSize ?? 0
}
