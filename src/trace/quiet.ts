// Decides from event lines, without parsing them, whether all of them are heartbeats. A carrier of events may hold heartbeats back and batch them,
// because no reader waits for them. It must never call other events quiet; it may call heartbeats loud.

/** The limit of heartbeat messages in flight that are remembered. Lost ones stay among them, so at the limit all are dropped. */
const idsMax = 4096

export class Quiet {
  /** Ids of heartbeat messages that were sent and not taken. */
  readonly #inFlight = new Set<string>()

  /** Takes the next lines, joined by line feeds; true if all of them are heartbeats. */
  take(text: string): boolean {
    let isQuiet = true
    for (let at = 0; at < text.length;) {
      const lineFeed = text.indexOf('\n', at)
      const end = lineFeed === -1 ? text.length : lineFeed
      // Every line is checked, because it may begin or end a message.
      if (!this.#isHeartbeat(text.slice(at, end))) isQuiet = false
      at = end + 1
    }
    return isQuiet
  }

  #isHeartbeat(line: string): boolean {
    // Times and number come first, then the type: quotes within values are escaped, so no key or value can look like this.
    switch (valueOf(line, '"type":"')) {
      case 'timer-fired': return line.includes('"name":"ping"') || line.includes('"name":"ping-check"')
      case 'message-sent': return this.#isSentHeartbeat(line)
      case 'message-handed': return this.#inFlight.has(valueOf(line, '"id":"'))
      case 'message-taken': return this.#inFlight.delete(valueOf(line, '"id":"'))
      default: return false
    }
  }

  #isSentHeartbeat(line: string): boolean {
    // A view server answers a client's question with incarnation 0: that is no heartbeat (heartbeat.ts).
    const isReply = line.includes('"message":{"type":"view-reply",') && /"toIncarnation":[1-9]/.test(line)
    if (!isReply && !line.includes('"message":{"type":"ping",')) return false
    if (this.#inFlight.size >= idsMax) this.#inFlight.clear()
    this.#inFlight.add(valueOf(line, '"id":"'))
    return true
  }
}

/** The text after the first `key` up to the next quote; empty without it. */
function valueOf(line: string, key: string): string {
  const found = line.indexOf(key)
  if (found === -1) return ''
  const begin = found + key.length
  return line.slice(begin, line.indexOf('"', begin))
}
