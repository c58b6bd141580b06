// Plays a session: moves the cursor by the session's own time, once for each frame, from its position to the tail. Any other move of the
// cursor stops it. It must never use a timer for each event, because a second may have 20 000 events.
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { frozenBetween, Pacing, type Speed } from '../playback/pacing'
import { useSessionStore } from './session'
import { useTraceStore } from './trace'

export const usePlaybackStore = defineStore('playback', () => {
  const trace = useTraceStore()
  const session = useSessionStore()
  const isPlaying = ref(false)
  const speed = ref<Speed>(1)
  let pacing: Pacing | null = null
  let frame = 0
  /** The last cursor position that play set. */
  let own = 0

  /** Why play is not possible now; '' if it is. A recording at its end plays from the beginning. */
  const problem = computed(() => {
    if (trace.header === null || trace.latest === 0) return 'There is nothing to play yet.'
    return session.isLive && trace.follow ? 'Go back in time first: at the tail a live session plays by itself.' : ''
  })

  function play(): void {
    if (problem.value !== '') return void session.refuse(problem.value)
    const from = trace.position >= trace.latest ? Math.min(1, trace.latest) : trace.position
    own = from
    trace.goTo(from)
    pacing = new Pacing(trace.timeOf(from), performance.now())
    isPlaying.value = true
    frame = requestAnimationFrame(goOn)
  }

  function stop(): void {
    cancelAnimationFrame(frame)
    isPlaying.value = false
    pacing = null
  }

  function toggle(): void {
    if (isPlaying.value) stop()
    else play()
  }

  function goOn(nowMs: number): void {
    if (pacing === null) return
    if (trace.loading !== null) pacing.wait(nowMs)
    else move(pacing.advance(nowMs, speed.value))
    // The move may have stopped play.
    if (isPlaying.value) frame = requestAnimationFrame(goOn)
  }

  function move(micros: number): void {
    const next = Math.max(own, trace.seqAtTime(micros))
    if (next >= trace.latest) return end()
    if (next === own) return
    const before = momentHere()
    own = next
    trace.goTo(next)
    const frozen = frozenBetween(before, momentHere())
    if (frozen > 0) session.say(`${(frozen / 1_000_000).toFixed(1)} s of frozen time are skipped.`)
  }

  function momentHere(): { at: number; wall: number } {
    return { at: trace.state?.at ?? 0, wall: trace.state?.wall ?? 0 }
  }

  function end(): void {
    stop()
    trace.goLive()
    session.say(session.isLive ? 'Play has caught up with the live session.' : 'Play has come to the end.')
  }

  watch(() => trace.cursor, (cursor) => { if (isPlaying.value && cursor !== own) stop() }, { flush: 'sync' })
  watch(() => trace.session, stop)
  watch(() => trace.loadProblem, (text) => { if (text !== '') stop() })

  return { isPlaying, speed, problem, play, stop, toggle }
})
