// Every message of the protocol. docs/protocol.md holds the table: message, from, to, when, answer; change both together.
// A message is plain data. Who sent it and in which incarnation is told by the driver beside it (machine.ts).
import type { ByteString } from './byte-string'
import type { Member, NodeName, View } from './view'

/** Unique for each start of a client and each of its sessions: 1 to 32 printable ASCII characters. */
export type ClientId = string

export type Operation =
  | { readonly type: 'put'; readonly key: ByteString; readonly value: ByteString }
  | { readonly type: 'append'; readonly key: ByteString; readonly value: ByteString }
  | { readonly type: 'get'; readonly key: ByteString }
  | { readonly type: 'delete'; readonly key: ByteString }
  /** Compare-and-swap: writes `value` if the key holds `expected`; null expects a missing key. */
  | { readonly type: 'cas'; readonly key: ByteString; readonly expected: ByteString | null; readonly value: ByteString }

/** What executing an operation gave. A missing key and an empty value differ. */
export type Result =
  | { readonly type: 'done' }
  | { readonly type: 'value'; readonly value: ByteString }
  | { readonly type: 'missing' }
  | { readonly type: 'mismatch'; readonly actual: ByteString | null }
  /** The value would have passed 8 MiB; nothing was written, on every copy alike. */
  | { readonly type: 'too-large' }

/**
 * Why a server did not take a request.
 * `not-primary`: it is not primary of the tagged view and never will be: this send has no effect, now or later.
 * `deposed`: it was primary of the tagged view and is no longer; an earlier copy may have been executed.
 * `busy`: its queue is full.
 */
export type RejectReason = 'not-primary' | 'deposed' | 'busy'

/** A row of the at-most-once table: the last request of a client that was executed, and what it gave. */
export interface TableRow {
  readonly clientId: ClientId
  readonly requestId: number
  readonly result: Result
  /** The sequence number under which it was executed; rows are evicted lowest first. */
  readonly seq: number
  /** The view in which this copy executed it; told to clients with a replayed answer. */
  readonly viewnum: number
}

export interface StoreEntry {
  readonly key: ByteString
  readonly value: ByteString
}

/** Which lives of which servers a message between servers is from and for; a receiver ignores what is meant for an earlier life. */
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
  /** 0 from a caller that gives none. */
  readonly incarnation: number
  /** Where the server listens in direct mode; empty in a lab. */
  readonly address: string
  /** In a primary's pings of a view that it has started: the backups that it initialised, with the incarnation that acked. */
  readonly initialised: readonly { readonly name: NodeName; readonly incarnation: number }[]
}

/** The view server's answer to a ping and to get-view, and unasked to every server of the old and the new view on a change. */
export interface ViewReply {
  readonly type: 'view-reply'
  /** To a server: the current view. To a client: the last view that its primary acked; viewnum 0 if there is none. */
  readonly view: View
  /** The life that this is for; 0 to a client or a caller that gave no incarnation. */
  readonly toIncarnation: number
}

/** A later incarnation of that name has pinged; the receiver of this must stop. */
export interface Superseded {
  readonly type: 'superseded'
  readonly toIncarnation: number
  /** The later incarnation. */
  readonly incarnation: number
}

export interface GetView {
  readonly type: 'get-view'
}

/** An operator's question: the current view too, and what the view server was asked. Never used by the protocol itself. */
export interface Query {
  readonly type: 'query'
}

export interface QueryReply {
  readonly type: 'query-reply'
  readonly current: View
  readonly acked: View
  /** The view server restarted and a server told it of an earlier view: it forms none. */
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
  /** The view that the sender believes the receiver to be primary of. */
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
  /** The viewnum that tagged the refused request: a late copy of this must not refuse a later send. */
  readonly requestViewnum: number
  /** The view that the receiver has adopted. */
  readonly viewnum: number
}

/** "You speak of a view that I have not adopted"; the sender of this pings the view server at once. */
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

/** "I have executed every operation up to `executed`." Cumulative, so a lost ack is made good by the next. */
export interface ForwardAck extends Between {
  readonly type: 'forward-ack'
  readonly executed: number
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
}

export interface StateTransferAck extends Between {
  readonly type: 'state-transfer-ack'
  readonly chunk: number
  /** The whole state is installed: this incarnation is initialised in this view. */
  readonly installed: boolean
}

/** The backup's answer to a transfer meant for an earlier life of it: the transfer starts again, for this incarnation. */
export interface Restarted extends Between {
  readonly type: 'restarted'
}

export type Message =
  | Ping | ViewReply | Superseded | GetView | Query | QueryReply
  | Request | Reply | Rejected | NotYet
  | Forward | ForwardAck | StateTransfer | StateTransferAck | Restarted

export type MessageType = Message['type']

export type { Member }
