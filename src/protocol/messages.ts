// Every message of the protocol. docs/protocol.md holds the table: message, from, to, when, answer; change both together.
// A message is plain data. The driver passes its sender beside it (machine.ts).
import type { ByteString } from './byte-string'
import type { InOwnWords } from './json'
import type { Operation } from './operations'
import type { Member, NodeName, View } from './view'

/** Unique for each start of a client and each of its sessions: 1 to 32 printable ASCII characters. */
export type ClientId = string

/** The result of executing an operation. A missing key and an empty value differ. */
export type Result =
  | { readonly type: 'done' }
  | { readonly type: 'value'; readonly value: ByteString }
  | { readonly type: 'missing' }
  | { readonly type: 'mismatch'; readonly actual: ByteString | null }
  /** The value would have exceeded 8 MiB; no copy wrote anything. */
  | { readonly type: 'too-large' }

/** The answer to a call, in the program's own words. */
export interface Answer extends InOwnWords {
  readonly type: 'answered'
}

/**
 * Why a server did not take a request.
 * `not-primary`: it is not primary of the tagged view and never will be: this send has no effect, now or later.
 * `deposed`: it was primary of the tagged view and is no longer; an earlier copy may have been executed.
 * `busy`: its queue is full.
 */
export type RejectReason = 'not-primary' | 'deposed' | 'busy'

/** A row of the at-most-once table: the last executed request of a client, and its result. */
export interface TableRow {
  readonly clientId: ClientId
  readonly requestId: number
  readonly result: Result
  /** The sequence number under which it was executed; rows are evicted lowest first. */
  readonly seq: number
  /** The view in which this copy executed it; sent to clients with a replayed answer. */
  readonly viewnum: number
}

export interface StoreEntry {
  readonly key: ByteString
  readonly value: ByteString
}

/** The view of a message between servers, and the incarnations that it is from and for. A receiver takes nothing meant for an earlier incarnation. */
export interface Between {
  readonly viewnum: number
  readonly fromIncarnation: number
  readonly toIncarnation: number
}

// ---- servers and the view server

/** "I am alive and have adopted this view." From the primary, its first ping with the current viewnum is the ack. */
export interface Ping {
  readonly type: 'ping'
  /** The viewnum adopted; 0 for none yet. A primary keeps the old one until its transfers are acked. */
  readonly viewnum: number
  /** 0 from a server that sends none. */
  readonly incarnation: number
  /** Where the server listens in direct mode; empty in a lab. */
  readonly address: string
  /** In a primary's pings of a view that it has started: the backups that it initialised, with the incarnation that acked. */
  readonly initialised: readonly { readonly name: NodeName; readonly incarnation: number }[]
}

/** The view server's answer to a ping and to get-view. On a change it is also sent, unasked, to every server of the old and the new view. */
export interface ViewReply {
  readonly type: 'view-reply'
  /** To a server: the current view. To a client: the last view that its primary acked; viewnum 0 if there is none. */
  readonly view: View
  /** The incarnation that this is for; 0 to a client, and to a server that sent no incarnation. */
  readonly toIncarnation: number
}

/** A later incarnation of the receiver's name has pinged; the receiver must stop. */
export interface Superseded {
  readonly type: 'superseded'
  readonly toIncarnation: number
  /** The later incarnation. */
  readonly incarnation: number
}

export interface GetView {
  readonly type: 'get-view'
}

/** An operator's question, for the current and the acked view and for counts of requests. The protocol itself never uses it. */
export interface Query {
  readonly type: 'query'
}

export interface QueryReply {
  readonly type: 'query-reply'
  readonly current: View
  readonly acked: View
  /** The view server restarted, and a server pinged with an earlier view: it forms no views. */
  readonly historyLost: boolean
  /** Requests served since the start, by kind; superseded pings are counted as pings. */
  readonly pings: number
  readonly getViews: number
  readonly queries: number
}

// ---- clients and servers

export interface Request {
  readonly type: 'request'
  readonly clientId: ClientId
  /** Grows by one for each operation of this clientId. */
  readonly requestId: number
  /** The view in which the sender believes the receiver to be primary. */
  readonly viewnum: number
  readonly operation: Operation
}

export interface Reply {
  readonly type: 'reply'
  readonly clientId: ClientId
  readonly requestId: number
  /** The view in which the answer was given. */
  readonly viewnum: number
  /** The sequence number under which the operation was executed; 0 for a local read (asynchronous replication). */
  readonly seq: number
  /** True if this answer came from the at-most-once table. */
  readonly replayed: boolean
  /** The view in which the operation was executed: `viewnum`, unless replayed. */
  readonly executedViewnum: number
  readonly result: Result
}

export interface Rejected {
  readonly type: 'rejected'
  readonly clientId: ClientId
  readonly requestId: number
  readonly reason: RejectReason
  /** The viewnum that tagged the refused request, so that a late copy of this message does not refuse a later send. */
  readonly requestViewnum: number
  /** The view that the server which refuses has adopted. */
  readonly viewnum: number
}

/** "I have not adopted that view yet." The sender of this pings the view server at once. */
export interface NotYet {
  readonly type: 'not-yet'
  /** The view that this server has adopted. */
  readonly viewnum: number
  /** The clientId and requestId that it answers, or an empty string and 0 to a server. */
  readonly clientId: ClientId
  readonly requestId: number
}

// ---- primary and backups

export interface Forward extends Between {
  readonly type: 'forward'
  readonly seq: number
  readonly clientId: ClientId
  readonly requestId: number
  readonly operation: Operation
}

/** "I have executed every operation up to `executed`." Cumulative, so the next ack replaces a lost one. */
export interface ForwardAck extends Between {
  readonly type: 'forward-ack'
  readonly executed: number
}

/** The digest of a whole state: sent with the last chunk of a transfer, and computed from the state, not from the chunks. */
export interface TransferDigest {
  /** Keys of the store, and rows of the table. */
  readonly keys: number
  readonly rows: number
  /** A hash of 32 bits over all of them (digest.ts). */
  readonly hash: number
}

/** One chunk of the primary's store and at-most-once table, cut by bytes. */
export interface StateTransfer extends Between {
  readonly type: 'state-transfer'
  /** 0, 1, 2 ... */
  readonly chunk: number
  readonly last: boolean
  /** The sequence number of the last operation executed in this state; the same in every chunk. */
  readonly executed: number
  readonly entries: readonly StoreEntry[]
  readonly rows: readonly TableRow[]
  /** In the last chunk only. Without a digest, as in older recordings, the backup installs the state unchecked. */
  readonly digest?: TransferDigest
}

export interface StateTransferAck extends Between {
  readonly type: 'state-transfer-ack'
  readonly chunk: number
  /** The whole state is installed: this incarnation is initialised in this view. */
  readonly installed: boolean
}

/** The backup's answer to a transfer meant for an earlier incarnation: the transfer starts again, for this incarnation. */
export interface Restarted extends Between {
  readonly type: 'restarted'
}

// ---- programs that are not ours

/** A message in a program's own words, between nodes that understand them. Machines of this protocol ignore it. */
export interface Foreign extends InOwnWords {
  readonly type: 'foreign'
}

export type Message =
  | Ping | ViewReply | Superseded | GetView | Query | QueryReply
  | Request | Reply | Rejected | NotYet
  | Forward | ForwardAck | StateTransfer | StateTransferAck | Restarted
  | Foreign

/** The messages of this protocol, and their kinds. */
export type ProtocolMessage = Exclude<Message, Foreign>
export type MessageType = ProtocolMessage['type']
/** A kind of message, as people and faults name it: one of this protocol's, or a program's own word. */
export type MessageKind = string

const kinds = {
  'request': true, 'reply': true, 'rejected': true, 'not-yet': true, 'forward': true, 'forward-ack': true, 'state-transfer': true, 'state-transfer-ack': true, 'restarted': true,
  'ping': true, 'view-reply': true, 'superseded': true, 'get-view': true, 'query': true, 'query-reply': true,
} as const satisfies Record<MessageType, true>

/** Every kind of message of this protocol, in the order in which lists show them. */
export const messageKinds = Object.keys(kinds) as [MessageType, ...MessageType[]]

export const isMessageType = (kind: MessageKind): kind is MessageType => Object.hasOwn(kinds, kind)

export const kindOf = (message: { readonly type: string; readonly kind?: string }): MessageKind => message.type === 'foreign' ? message.kind ?? '' : message.type

export type { Member }
