// All kinds that random runs must reach, by group: coverage.ts counts them, and a test requires them. It fails for a listed kind that no seed
// reaches, and for a counted kind that is not listed. The list must never have what the protocol cannot reach here:
// - a `superseded` that reaches the incarnation it is for: two incarnations of a name are never alive at once here;
// - a member that left uninitialised: servers learn of their view by a ping's answer, so the view server knows every incarnation.
import { effectTypes } from '../../network'
import { settingChoices } from './draw-plan'
import { storeWords } from './plan'

const writes = ['put', 'append'].flatMap((type) => ['of its own', 'empty', 'equal', 'large'].map((value) => `${type} ${value}`))
const compares = ['missing', 'empty', 'a value'].map((expected) => `cas expecting ${expected}`)

/** Kinds of messages that can come from an ended incarnation, or be meant for one. */
export const fromEarlierLives = ['ping', 'forward', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'restarted', 'request', 'reply', 'rejected', 'not-yet', 'view-reply'] as const
export const forEarlierLives = ['forward', 'forward-ack', 'state-transfer', 'state-transfer-ack', 'restarted', 'request', 'reply', 'rejected', 'not-yet', 'view-reply', 'superseded'] as const

export const coverageKinds: Readonly<Record<string, readonly string[]>> = {
  setting: [
    ...Object.entries(settingChoices).flatMap(([name, choices]) => [...new Set(choices)].map((value) => `${name} ${value}`)),
    'replication synchronous', 'replication asynchronous', 'newCluster true', 'newCluster false',
    'checks as often as pings', 'checks more often than pings', 'checks more rarely than pings', ...[1, 2, 3, 4, 5, 6].map((count) => `deadPings ${count}`),
  ],
  cluster: [...storeWords.map((word) => `stores ${word}`), ...[3, 4, 5, 6].map((count) => `${count} servers`), ...[1, 2, 3, 4].map((count) => `${count} clients`)],
  operation: [
    ...writes.map((write) => `${write}: done`), ...writes.map((write) => `${write}: unknown`),
    'get: a value', 'get: empty', 'get: missing', 'get: unknown', 'delete: done', 'delete: missing', 'delete: unknown',
    ...compares.flatMap((compare) => [`${compare}: done`, `${compare}: mismatch`, `${compare}: unknown`]),
    'append: too large', 'put: larger than may be', 'get: a key larger than may be', 'append to a missing key',
    'straight: ok', 'straight: refused for certain', 'straight: unknown', 'answered from the table', 'answered from the table of a later primary',
    'unknown: timeout', 'unknown: deposed', 'unknown: busy', 'unknown: not-yet', 'failed: never sent',
  ],
  fault: [
    'kill of a server', 'restart of a server', 'restart of a client', 'restart of the view server',
    'restart with echoes of a server', 'restart with echoes of a client', 'restart with echoes of the view server',
    'pause of a server', 'pause of a client', 'pause of the view server', 'late copy', 'resend', 'disconnect', 'freeze',
    'delivered by hand', 'dropped by hand', 'duplicated by hand', 'ping fired by hand', 'ping-check fired by hand', 'retry fired by hand', 'a client\'s retry fired by hand',
    ...effectTypes.map((effect) => `${effect}, and it struck`),
    'in a transfer', 'while forwards are in flight', 'a fault of one message',
  ],
  limit: [
    'busy while a view starts', 'busy with what is in flight', 'a client evicted from the table', 'not judged: an evicted client\'s request may be executed twice',
    'a transfer of several chunks', 'a transfer of more chunks than its window', 'a chunk that ends exactly', 'an entry larger than its chunk', 'rows in several chunks',
    'a chunk of rows alone', 'a transfer of nothing', 'chunks out of order', 'a chunk again', 'a forward ahead of its turn', 'a forward again', 'a request again', 'twenty chunks',
  ],
  lives: [
    ...fromEarlierLives.map((kind) => `${kind} of an earlier life`), ...forEarlierLives.map((kind) => `${kind} for an earlier life`),
    'an ack of the view for a later life than it names', 'pings of an earlier life, one after another',
  ],
  views: [
    'forward of an earlier view', 'forward-ack of an earlier view', 'chunk of an earlier view', 'ack of a chunk of an earlier view', 'view-reply of an earlier view',
    'request of an earlier view, refused', 'request of an earlier view, answered', 'rejection of an earlier send', 'a forward at or under the state that was transferred since',
    'rejected: not-primary', 'rejected: deposed', 'rejected: busy', 'not-yet to a client', 'not-yet to a server',
    'left: missed-pings', 'left: restarted', 'a backup promoted', 'a server joined', 'several joined at once', 'several left at once', 'a backup promoted and others joined', 'a dead server is heard again',
    'stuck: ack-of-dead-primary', 'stuck: ack-waits-for-dead-backup', 'stuck: no-live-backup', 'stuck: history-lost',
  ],
  end: [
    'serves', 'stuck',
    'history linearizable', 'history unknown', 'history not-judged',
  ],
}
