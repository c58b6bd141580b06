//! A replica of primary-backup replication with a view server: the whole protocol of docs/protocol.md, as a program.
//!
//!     rustc --edition 2021 -O -o replica replica.rs
//!     understudy run scenarios/ --program "s2=./replica"
//!     understudy run scenarios/ --program "replicas=./replica"
//!
//! The parts of this file, in order:
//! - what every copy holds: the state, its digest, bytes on a line;
//! - what a replica knows, views, requests;
//! - operations, on the primary and on a backup;
//! - state transfer, on the primary and on a backup;
//! - sending again, and what it tells.
mod node;

use node::{object, Json, Levels, Message, Node, Program, RpcError};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

type Bytes = Vec<u8>;

/// A result says "too large" instead of writing a longer value.
const VALUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A retry sends no more forwards at once, however many its backup has not acked.
const FORWARDS_PER_RETRY: u64 = 64;
/// The wait for an ack doubles with each retry, up to this many times `retryMs`.
const WAIT_MAX: u64 = 8;
/// A store, or table, of more pieces or bytes is left out of the told state: telling it in each step would be slow.
const TOLD_MAX: usize = 200;
const TOLD_BYTES_MAX: usize = 16 * 1024;
/// The size of a row, beside its client id and its value.
const ROW_BYTES: usize = 32;

// ---- the state that every copy holds

/// The result of an operation.
#[derive(Clone)]
enum Answer {
    Done,
    Value(Bytes),
    Missing,
    /// A compare-and-swap found this instead of what it expected.
    Mismatch(Option<Bytes>),
    TooLarge,
}

/// A row of the at-most-once table: the last request of a client that was executed.
#[derive(Clone)]
struct Row {
    request_id: u64,
    answer: Answer,
    seq: u64,
    viewnum: u64,
}

impl Row {
    /// Its size, roughly.
    fn bytes(&self) -> usize {
        ROW_BYTES + self.answer.value().map_or(0, Vec::len)
    }
}

/// The last request of each client, so that none is executed twice.
#[derive(Default)]
struct Table {
    rows: HashMap<String, Row>,
    /// The clients in order of execution.
    order: BTreeMap<u64, String>,
}

impl Table {
    fn insert(&mut self, client_id: &str, row: Row) {
        self.order.insert(row.seq, client_id.to_string());
        if let Some(before) = self.rows.insert(client_id.to_string(), row) {
            self.order.remove(&before.seq);
        }
    }

    /// Forgets the clients that executed longest ago. Every copy has the same rows, so all forget the same clients.
    fn evict(&mut self, clients_max: usize) {
        while self.rows.len() > clients_max {
            let oldest = self.order.keys().next().copied().unwrap_or(0);
            if let Some(client_id) = self.order.remove(&oldest) {
                self.rows.remove(&client_id);
            }
        }
    }

    fn in_order(&self) -> impl Iterator<Item = (&String, &Row)> {
        self.order.values().map(|client_id| (client_id, &self.rows[client_id]))
    }
}

/// The sequence number of the last operation, the store, and the table. A state transfer carries all three.
#[derive(Default)]
struct State {
    executed: u64,
    store: BTreeMap<Bytes, Bytes>,
    table: Table,
}

/// A client's operation, as every copy executes it.
#[derive(Clone)]
struct Asked {
    client_id: String,
    request_id: u64,
    /// As it came: a primary passes it on without a change.
    operation: Json,
}

impl Asked {
    /// Of a request or of a forward.
    fn from_body(body: &Json) -> Asked {
        Asked {
            client_id: body["clientId"].text().to_string(),
            request_id: body["requestId"].count(),
            operation: body["operation"].clone(),
        }
    }
}

impl State {
    /// Executes an operation unless the table knows it. The row is none for a request that a newer one has overtaken,
    /// which nobody waits for. `true` beside the row: it was in the table already.
    fn execute(&mut self, seq: u64, asked: &Asked, viewnum: u64, clients_max: usize) -> Option<(Row, bool)> {
        self.executed = seq;
        if let Some(row) = self.table.rows.get(&asked.client_id) {
            if row.request_id >= asked.request_id {
                return if row.request_id == asked.request_id { Some((row.clone(), true)) } else { None };
            }
        }
        let answer = self.apply(&asked.operation);
        let row = Row { request_id: asked.request_id, answer, seq, viewnum };
        self.table.insert(&asked.client_id, row.clone());
        self.table.evict(clients_max);
        Some((row, false))
    }

    fn apply(&mut self, operation: &Json) -> Answer {
        let key = decode(operation["key"].text());
        let value = || decode(operation["value"].text());
        match operation["type"].text() {
            "put" => self.write(key, value()),
            "append" => {
                let mut whole = self.store.get(&key).cloned().unwrap_or_default();
                whole.extend(value());
                self.write(key, whole)
            }
            "delete" => self.store.remove(&key).map_or(Answer::Missing, |_| Answer::Done),
            "cas" => self.compare_and_swap(key, decode_optional(&operation["expected"]), value()),
            _ => self.read(&key),
        }
    }

    fn read(&self, key: &[u8]) -> Answer {
        self.store.get(key).map_or(Answer::Missing, |value| Answer::Value(value.clone()))
    }

    fn write(&mut self, key: Bytes, value: Bytes) -> Answer {
        if value.len() > VALUE_BYTES_MAX {
            return Answer::TooLarge;
        }
        self.store.insert(key, value);
        Answer::Done
    }

    fn compare_and_swap(&mut self, key: Bytes, expected: Option<Bytes>, value: Bytes) -> Answer {
        let actual = self.store.get(&key);
        if actual != expected.as_ref() {
            return Answer::Mismatch(actual.cloned());
        }
        self.write(key, value)
    }

    /// The rows as a transfer has them.
    fn rows(&self) -> impl Iterator<Item = Json> + '_ {
        self.table.in_order().map(|(client_id, row)| {
            object([
                ("clientId", client_id.as_str().into()),
                ("requestId", row.request_id.into()),
                ("result", row.answer.to_json()),
                ("seq", row.seq.into()),
                ("viewnum", row.viewnum.into()),
            ])
        })
    }

    /// Keys, rows and hash: a backup that installs a transfer compares them with its own count.
    fn digest(&self) -> Json {
        let mut hash = 0u32;
        let mut seq_before = 0;
        for (key, value) in &self.store {
            hash = hash.wrapping_add(hash_of_entry(key, value));
        }
        for (client_id, row) in self.table.in_order() {
            hash = hash.wrapping_add(hash_of_row(client_id, row, seq_before));
            seq_before = row.seq;
        }
        object([
            ("keys", (self.store.len() as u64).into()),
            ("rows", (self.table.rows.len() as u64).into()),
            ("hash", u64::from(hash).into()),
        ])
    }
}

impl Answer {
    fn to_json(&self) -> Json {
        let kind = |kind: &str| object([("type", kind.into())]);
        match self {
            Answer::Done => kind("done"),
            Answer::Value(value) => kind("value").with("value", encode(value).into()),
            Answer::Missing => kind("missing"),
            Answer::Mismatch(Some(actual)) => kind("mismatch").with("actual", encode(actual).into()),
            Answer::Mismatch(None) => kind("mismatch").with("actual", Json::Null),
            Answer::TooLarge => kind("too-large"),
        }
    }

    fn from_json(json: &Json) -> Answer {
        match json["type"].text() {
            "value" => Answer::Value(decode(json["value"].text())),
            "missing" => Answer::Missing,
            "mismatch" => Answer::Mismatch(decode_optional(&json["actual"])),
            "too-large" => Answer::TooLarge,
            _ => Answer::Done,
        }
    }

    /// The bytes that it carries, if any.
    fn value(&self) -> Option<&Bytes> {
        match self {
            Answer::Value(value) | Answer::Mismatch(Some(value)) => Some(value),
            _ => None,
        }
    }

    /// Its number in a digest.
    fn number(&self) -> u32 {
        match self {
            Answer::Done => 1,
            Answer::Value(_) => 2,
            Answer::Missing => 3,
            Answer::Mismatch(_) => 4,
            Answer::TooLarge => 5,
        }
    }
}

// ---- the digest of a state (docs/wire-protocol.md)

const PRIME: u32 = 0x0100_0193;

fn hash_of_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME))
}

/// Takes 32 bits in.
fn take_word(hash: u32, word: u32) -> u32 {
    (hash ^ word).wrapping_mul(PRIME).rotate_left(13)
}

fn take_number(hash: u32, number: u64) -> u32 {
    take_word(take_word(hash, number as u32), (number >> 32) as u32)
}

/// Takes bytes in, four at a time, the lowest first, the last ones filled up with zeros.
fn take_bytes(hash: u32, bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(hash, |hash, four| {
        let word = four.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        take_word(hash, word)
    })
}

fn finish_hash(hash: u32, length: usize) -> u32 {
    let hash = hash ^ length as u32;
    let hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

fn hash_of_entry(key: &[u8], value: &[u8]) -> u32 {
    finish_hash(take_bytes(hash_of_bytes(key), value), value.len())
}

/// A row takes in the number of the row before it, so that the order of the rows counts.
fn hash_of_row(client_id: &str, row: &Row, seq_before: u64) -> u32 {
    let hash = take_number(hash_of_bytes(client_id.as_bytes()), row.request_id);
    let hash = take_word(take_number(hash, row.seq), row.viewnum as u32);
    let hash = take_word(take_number(hash, seq_before), row.answer.number());
    match row.answer.value() {
        Some(value) => finish_hash(take_bytes(hash, value), value.len()),
        None => finish_hash(hash, 0),
    }
}

// ---- bytes on a line: text where that is possible, and otherwise base64

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn decode(text: &str) -> Bytes {
    let digits = match text.strip_prefix("base64:") {
        Some(digits) => digits,
        None => return text.as_bytes().to_vec(),
    };
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for digit in digits.bytes() {
        let value = match BASE64.iter().position(|&known| known == digit) {
            Some(value) => value as u32,
            None => break,
        };
        bits = bits << 6 | value;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

fn decode_optional(json: &Json) -> Option<Bytes> {
    if json.is_null() {
        None
    } else {
        Some(decode(json.text()))
    }
}

fn encode(bytes: &[u8]) -> String {
    let is_plain =
        |text: &str| !text.starts_with("base64:") && !text.chars().any(|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r'));
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => text.to_string(),
        _ => encode_base64(bytes),
    }
}

fn encode_base64(bytes: &[u8]) -> String {
    let mut text = String::from("base64:");
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | u32::from(*three.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let digit = BASE64[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

// ---- what a replica knows

/// A server of a view. A restarted server has lost its memory, so it is another member.
#[derive(Clone, Default, PartialEq)]
struct Member {
    name: String,
    incarnation: u64,
}

impl Member {
    fn from_json(json: &Json) -> Member {
        Member { name: json["name"].text().to_string(), incarnation: json["incarnation"].count() }
    }
}

/// Viewnum 0 is "none yet".
#[derive(Default)]
struct View {
    viewnum: u64,
    primary: Member,
    backups: Vec<Member>,
}

impl View {
    fn from_json(json: &Json) -> View {
        View {
            viewnum: json["viewnum"].count(),
            primary: Member::from_json(&json["primary"]),
            backups: json["backups"].list().iter().map(Member::from_json).collect(),
        }
    }

    /// A backup keeps that role when it restarts, since the transfer of a view that is not acked begins again for it.
    /// A primary does not: what it had to give is gone.
    fn role_of(&self, member: &Member) -> Role {
        if self.primary == *member {
            Role::Primary
        } else if self.backups.iter().any(|backup| backup.name == member.name) {
            Role::Backup
        } else {
            Role::Idle
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Primary,
    Backup,
    Idle,
}

#[derive(Default)]
struct Settings {
    ping_interval_ms: u64,
    retry_ms: u64,
    transfer_chunk_bytes: usize,
    transfer_window: usize,
    waiting_requests_max: usize,
    in_flight_max: usize,
    table_clients_max: usize,
    /// Asynchronous replication: the primary answers before its backups have executed.
    asynchronous: bool,
}

impl Settings {
    fn from_json(json: &Json) -> Settings {
        let size = |name: &str| json[name].count() as usize;
        Settings {
            ping_interval_ms: json["pingIntervalMs"].count(),
            retry_ms: json["retryMs"].count(),
            transfer_chunk_bytes: size("transferChunkBytes"),
            transfer_window: size("transferWindow"),
            waiting_requests_max: size("waitingRequestsMax"),
            in_flight_max: size("inFlightMax"),
            table_clients_max: size("tableClientsMax"),
            asynchronous: json["replication"].text() == "asynchronous",
        }
    }
}

/// Who waits for an answer, and the view that its last send was tagged with.
struct Sender {
    name: String,
    viewnum: u64,
}

/// A client's request. Everybody who sent it gets the answer.
struct Request {
    asked: Asked,
    senders: Vec<Sender>,
}

impl Request {
    fn is(&self, asked: &Asked) -> bool {
        self.asked.client_id == asked.client_id && self.asked.request_id == asked.request_id
    }

    /// The first sender and the three newest are kept, each once.
    fn add_senders(&mut self, senders: Vec<Sender>) {
        for sender in senders {
            match self.senders.iter_mut().find(|known| known.name == sender.name) {
                Some(known) => known.viewnum = known.viewnum.max(sender.viewnum),
                None => self.senders.push(sender),
            }
            if self.senders.len() > 4 {
                self.senders.remove(1);
            }
        }
    }
}

/// An operation that has its sequence number, and that not every backup has executed.
struct InFlight {
    seq: u64,
    request: Request,
}

/// A part of the state on its way to a backup.
struct Chunk {
    entries: Vec<Json>,
    rows: Vec<Json>,
}

/// What the primary knows of a backup.
struct Backup {
    member: Member,
    /// It holds the state of this view.
    initialised: bool,
    /// The first chunk that was not sent yet.
    next_chunk: usize,
    /// The chunks that it has not acked, each with the arming of the retry timer that it was sent in.
    chunks_unacked: BTreeMap<usize, u64>,
    highest_chunk_acked: Option<usize>,
    /// One wait has passed for a chunk that may only be slow.
    has_waited: bool,
    /// The last operation that it has executed.
    executed: u64,
    /// The last forward of the present retry, and the last one that was sent before it.
    retry_until: u64,
    retry_last: u64,
    /// How often its retry timer was armed in this view.
    armings: u64,
    is_armed: bool,
    /// The next wait, in times of `retryMs`.
    wait: u64,
    /// What was lost with a connection was sent again, and nothing was acked since.
    sent_after_loss: bool,
}

impl Backup {
    fn new(member: Member, executed: u64) -> Backup {
        Backup {
            member,
            initialised: false,
            next_chunk: 0,
            chunks_unacked: BTreeMap::new(),
            highest_chunk_acked: None,
            has_waited: false,
            executed,
            retry_until: 0,
            retry_last: 0,
            armings: 0,
            is_armed: false,
            wait: 1,
            sent_after_loss: false,
        }
    }
}

struct Replica {
    me: Member,
    view_server: String,
    settings: Settings,
    state: State,
    has_changed: bool,

    view: View,
    role: Role,
    /// A primary executes and answers; a backup holds the state of this view.
    serving: bool,
    /// The viewnum that its pings carry: a primary pings with the old one until its transfers are complete.
    pinged_viewnum: u64,

    // As primary.
    /// The views that it was primary of, and the first one of those that it was primary of without a gap.
    led: BTreeSet<u64>,
    led_since: u64,
    last_seq: u64,
    in_flight: VecDeque<InFlight>,
    /// Requests that wait until the view has started.
    waiting: Vec<Request>,
    backups: Vec<Backup>,
    chunks: Vec<Chunk>,

    // As backup.
    /// The chunks of this view's transfer, as long as some are missing.
    received: BTreeMap<u64, Json>,
    /// Forwards of this view that came before their turn.
    ahead: BTreeMap<u64, Asked>,
}

impl Replica {
    fn new() -> Replica {
        Replica {
            me: Member::default(),
            view_server: String::new(),
            settings: Settings::default(),
            state: State::default(),
            has_changed: true,
            view: View::default(),
            role: Role::Idle,
            serving: false,
            pinged_viewnum: 0,
            led: BTreeSet::new(),
            led_since: 0,
            last_seq: 0,
            in_flight: VecDeque::new(),
            waiting: Vec::new(),
            backups: Vec::new(),
            chunks: Vec::new(),
            received: BTreeMap::new(),
            ahead: BTreeMap::new(),
        }
    }

    /// A message to another server has the view, and both incarnations, so that nothing of another time counts.
    fn send_server(&self, node: &mut Node<Replica>, to: &Member, body: Json) {
        let body = body
            .with("viewnum", self.view.viewnum.into())
            .with("fromIncarnation", self.me.incarnation.into())
            .with("toIncarnation", to.incarnation.into());
        node.send(&to.name, body);
    }
}

impl Program for Replica {
    fn init(&mut self, node: &mut Node<Replica>) {
        self.me = Member { name: node.id.clone(), incarnation: node.lab["incarnation"].count() };
        self.settings = Settings::from_json(&node.lab["settings"]);
        let is_view_server = |(_, kind): &&(String, Json)| kind.text() == "view-server";
        match node.lab["nodes"].fields().iter().find(is_view_server) {
            Some((name, _)) => self.view_server = name.clone(),
            None => {
                eprintln!("a replica needs a view server");
                return node.end();
            }
        }
        self.ping(node);
        node.timer("ping", self.settings.ping_interval_ms);
    }

    fn message(&mut self, node: &mut Node<Replica>, message: &Message) -> Result<(), RpcError> {
        match message.kind() {
            "view-reply" | "superseded" if message.src == self.view_server => self.take_from_view_server(node, message),
            "request" => self.take_request(node, message),
            "forward" | "forward-ack" | "state-transfer" | "state-transfer-ack" | "restarted" => {
                self.take_from_server(node, message);
            }
            // A backup is in an earlier view. It asks for the present one by itself, and the retry timer is armed.
            "not-yet" => {}
            _ => return Err(RpcError::unknown(message)),
        }
        Ok(())
    }

    fn timer(&mut self, node: &mut Node<Replica>, name: &str) {
        if name == "ping" {
            self.ping(node);
            node.timer("ping", self.settings.ping_interval_ms);
        } else if let Some(index) = name.strip_prefix("retry:").and_then(|backup| self.backup_named(backup)) {
            self.retry(node, index);
        }
    }

    fn peer_lost(&mut self, node: &mut Node<Replica>, peer: &str) {
        if let Some(index) = self.backup_named(peer) {
            self.send_after_loss(node, index);
        }
    }

    fn step_ends(&mut self, node: &mut Node<Replica>) {
        if self.has_changed {
            self.has_changed = false;
            self.tell_state(node);
        }
    }
}

// ---- views

impl Replica {
    fn ping(&self, node: &mut Node<Replica>) {
        // The ack of a view says which incarnations hold its state.
        let mut initialised = Vec::new();
        for backup in self.backups.iter().filter(|_| self.serving) {
            let Member { name, incarnation } = &backup.member;
            initialised.push(object([("name", name.as_str().into()), ("incarnation", (*incarnation).into())]));
        }
        let ping = object([
            ("type", "ping".into()),
            ("viewnum", self.pinged_viewnum.into()),
            ("incarnation", self.me.incarnation.into()),
            ("initialised", initialised.into()),
        ]);
        node.send(&self.view_server, ping);
    }

    fn take_from_view_server(&mut self, node: &mut Node<Replica>, message: &Message) {
        if message.body["toIncarnation"].count() != self.me.incarnation {
            return;
        }
        if message.kind() == "superseded" {
            // A later incarnation of this name exists.
            return node.end();
        }
        let view = View::from_json(&message.body["view"]);
        // Never back to an earlier view.
        if view.viewnum > self.view.viewnum {
            self.adopt(node, view);
        }
    }

    fn adopt(&mut self, node: &mut Node<Replica>, view: View) {
        let was_primary = self.role == Role::Primary;
        let stays_primary = was_primary && view.primary == self.me && view.viewnum == self.view.viewnum + 1;
        self.forget_view(node);
        self.role = view.role_of(&self.me);
        self.view = view;
        if was_primary && !stays_primary {
            self.refuse_all(node);
        }
        if self.role == Role::Primary {
            return self.start_as_primary(node, stays_primary);
        }
        self.pinged_viewnum = self.view.viewnum;
        self.tell_role(node);
        self.ping(node);
    }

    /// Forwards that came ahead, half a transfer, and acks count in their own view only.
    fn forget_view(&mut self, node: &mut Node<Replica>) {
        self.serving = false;
        self.received.clear();
        self.ahead.clear();
        for backup in std::mem::take(&mut self.backups) {
            node.cancel(&timer_of(&backup.member.name));
        }
    }

    fn start_as_primary(&mut self, node: &mut Node<Replica>, stays_primary: bool) {
        self.led.insert(self.view.viewnum);
        if !stays_primary {
            self.led_since = self.view.viewnum;
        }
        // What was executed goes with the state. The rest keeps its order, and is forwarded again.
        let executed = self.state.executed;
        self.in_flight.retain(|operation| operation.seq > executed);
        self.last_seq = executed + self.in_flight.len() as u64;
        self.backups = self.view.backups.iter().map(|member| Backup::new(member.clone(), executed)).collect();
        self.tell_role(node);
        self.begin_transfers(node);
        self.serve_if_ready(node);
    }

    /// The view starts when every backup holds the state. The ping that says so is the ack.
    fn serve_if_ready(&mut self, node: &mut Node<Replica>) {
        if self.serving || self.backups.iter().any(|backup| !backup.initialised) {
            return;
        }
        self.serving = true;
        self.chunks.clear();
        self.pinged_viewnum = self.view.viewnum;
        self.tell_role(node);
        self.ping(node);
        for index in 0..self.backups.len() {
            self.send_forwards(node, index, self.state.executed + 1, self.last_seq);
        }
        self.settle(node);
        for request in std::mem::take(&mut self.waiting) {
            self.serve(node, request);
        }
    }

    /// A deposed primary executes nothing more. A backup may have executed what is in flight, so the refusal says that
    /// it was deposed.
    fn refuse_all(&mut self, node: &mut Node<Replica>) {
        let in_flight = std::mem::take(&mut self.in_flight).into_iter().map(|operation| operation.request);
        for request in in_flight.chain(std::mem::take(&mut self.waiting)) {
            self.refuse(node, &request, "deposed");
        }
    }

    /// A message between servers. It counts in its own view, and for the incarnation that it is for.
    fn take_from_server(&mut self, node: &mut Node<Replica>, message: &Message) {
        let body = &message.body;
        let from = Member { name: message.src.clone(), incarnation: body["fromIncarnation"].count() };
        if body["viewnum"].count() > self.view.viewnum {
            return self.meet_later_view(node, &from.name, "", 0);
        }
        if body["viewnum"].count() < self.view.viewnum {
            return;
        }
        if body["toIncarnation"].count() != self.me.incarnation {
            if message.kind() == "state-transfer" && body["toIncarnation"].count() < self.me.incarnation {
                self.send_server(node, &from, object([("type", "restarted".into())]));
            }
            return;
        }
        match message.kind() {
            "forward" => self.take_forward(node, &from, body),
            "state-transfer" => self.take_chunk(node, &from, body),
            "forward-ack" => self.take_forward_ack(node, &from, body["executed"].count()),
            "state-transfer-ack" => self.take_chunk_ack(node, &from, body),
            _ => self.begin_again_after_restart(node, &from),
        }
    }

    /// Somebody knows a later view. This server asks for it and says that it could not take the message.
    fn meet_later_view(&mut self, node: &mut Node<Replica>, from: &str, client_id: &str, request_id: u64) {
        let not_yet = object([
            ("type", "not-yet".into()),
            ("viewnum", self.view.viewnum.into()),
            ("clientId", client_id.into()),
            ("requestId", request_id.into()),
        ]);
        node.send(from, not_yet);
        self.ping(node);
    }
}

// ---- requests

impl Replica {
    fn take_request(&mut self, node: &mut Node<Replica>, message: &Message) {
        let asked = Asked::from_body(&message.body);
        let sender = Sender { name: message.src.clone(), viewnum: message.body["viewnum"].count() };
        if sender.viewnum > self.view.viewnum {
            return self.meet_later_view(node, &sender.name, &asked.client_id, asked.request_id);
        }
        let request = Request { asked, senders: vec![sender] };
        if self.role != Role::Primary {
            self.refuse_by_tag(node, &request);
        } else if self.serving {
            self.serve(node, request);
        } else {
            self.wait_for_view(node, request);
        }
    }

    /// Until the view has started nothing is answered, not even from the table. One request waits for each client.
    fn wait_for_view(&mut self, node: &mut Node<Replica>, request: Request) {
        if let Some(known) = self.in_flight.iter_mut().find(|known| known.request.is(&request.asked)) {
            return known.request.add_senders(request.senders);
        }
        let is_full = self.waiting.len() >= self.settings.waiting_requests_max;
        let client_id = &request.asked.client_id;
        match self.waiting.iter_mut().find(|known| known.asked.client_id == *client_id) {
            Some(known) if known.is(&request.asked) => known.add_senders(request.senders),
            // The client has given up on the earlier one.
            Some(known) if known.asked.request_id < request.asked.request_id => *known = request,
            Some(_) => {}
            None if is_full => self.refuse(node, &request, "busy"),
            None => self.waiting.push(request),
        }
    }

    fn serve(&mut self, node: &mut Node<Replica>, request: Request) {
        if let Some(row) = self.state.table.rows.get(&request.asked.client_id) {
            if row.request_id == request.asked.request_id {
                return self.answer(node, &request, &row.clone(), true);
            }
            if row.request_id > request.asked.request_id {
                return;
            }
        }
        if let Some(request) = self.join_in_flight(request) {
            self.serve_new(node, request);
        }
    }

    /// A request that is in flight is answered when it is executed. Gives the request back if it is not.
    fn join_in_flight(&mut self, request: Request) -> Option<Request> {
        for known in &mut self.in_flight {
            if known.request.is(&request.asked) {
                known.request.add_senders(request.senders);
                return None;
            }
        }
        let is_later =
            |asked: &Asked| asked.client_id == request.asked.client_id && asked.request_id > request.asked.request_id;
        if self.in_flight.iter().any(|known| is_later(&known.request.asked)) {
            return None;
        }
        Some(request)
    }

    fn serve_new(&mut self, node: &mut Node<Replica>, request: Request) {
        let tag = request.senders.iter().map(|sender| sender.viewnum).max().unwrap_or(0);
        // Another server may have been primary since, and may have executed newer requests of other clients.
        if tag < self.led_since {
            return self.refuse_by_tag(node, &request);
        }
        if self.settings.asynchronous && request.asked.operation["type"].text() == "get" {
            return self.answer_locally(node, &request);
        }
        if self.in_flight.len() >= self.settings.in_flight_max {
            return self.refuse(node, &request, "busy");
        }
        self.accept(node, request);
    }

    /// Asynchronous: a read is not forwarded, so it has no sequence number and no row.
    fn answer_locally(&mut self, node: &mut Node<Replica>, request: &Request) {
        let answer = self.state.apply(&request.asked.operation);
        let row = Row { request_id: request.asked.request_id, answer, seq: 0, viewnum: self.view.viewnum };
        self.answer(node, request, &row, false);
    }

    fn answer(&self, node: &mut Node<Replica>, request: &Request, row: &Row, replayed: bool) {
        for sender in &request.senders {
            let reply = object([
                ("type", "reply".into()),
                ("clientId", request.asked.client_id.as_str().into()),
                ("requestId", request.asked.request_id.into()),
                ("viewnum", self.view.viewnum.into()),
                ("seq", row.seq.into()),
                ("replayed", replayed.into()),
                ("executedViewnum", row.viewnum.into()),
                ("result", row.answer.to_json()),
            ]);
            node.send(&sender.name, reply);
        }
    }

    /// "Not primary" says that this server never takes the request. So a server that was primary of the request's view,
    /// or whose earlier incarnation was, says "deposed": the request may have been forwarded then.
    fn refuse_by_tag(&self, node: &mut Node<Replica>, request: &Request) {
        for sender in &request.senders {
            let earlier_life_led = sender.viewnum == self.view.viewnum && self.view.primary.name == self.me.name;
            let may_have_taken = self.led.contains(&sender.viewnum) || earlier_life_led;
            let reason = if may_have_taken { "deposed" } else { "not-primary" };
            self.refuse_sender(node, &request.asked, sender, reason);
        }
    }

    fn refuse(&self, node: &mut Node<Replica>, request: &Request, reason: &str) {
        for sender in &request.senders {
            self.refuse_sender(node, &request.asked, sender, reason);
        }
    }

    /// It names the view of the send that it answers: a client ignores the refusal of an earlier send.
    fn refuse_sender(&self, node: &mut Node<Replica>, asked: &Asked, sender: &Sender, reason: &str) {
        let rejected = object([
            ("type", "rejected".into()),
            ("clientId", asked.client_id.as_str().into()),
            ("requestId", asked.request_id.into()),
            ("reason", reason.into()),
            ("requestViewnum", sender.viewnum.into()),
            ("viewnum", self.view.viewnum.into()),
        ]);
        node.send(&sender.name, rejected);
    }
}

// ---- operations on the primary

impl Replica {
    /// The operation gets its number and goes to every backup.
    fn accept(&mut self, node: &mut Node<Replica>, mut request: Request) {
        self.last_seq += 1;
        let seq = self.last_seq;
        if self.settings.asynchronous {
            self.execute_and_answer(node, seq, &request);
            request.senders.clear();
        }
        self.in_flight.push_back(InFlight { seq, request });
        for index in 0..self.backups.len() {
            self.send_forwards(node, index, seq, seq);
        }
        self.settle(node);
    }

    /// Executes, in order, what every backup has executed. Each backup counts by itself: two acks of one count once.
    fn settle(&mut self, node: &mut Node<Replica>) {
        while let Some(seq) = self.in_flight.front().map(|operation| operation.seq) {
            if self.backups.iter().any(|backup| backup.executed < seq) {
                return;
            }
            if let Some(operation) = self.in_flight.pop_front() {
                // Asynchronous: it was executed before it was forwarded.
                if seq > self.state.executed {
                    self.execute_and_answer(node, seq, &operation.request);
                }
            }
        }
    }

    fn execute_and_answer(&mut self, node: &mut Node<Replica>, seq: u64, request: &Request) {
        if let Some((row, replayed)) = self.execute(seq, &request.asked) {
            self.answer(node, request, &row, replayed);
        }
    }

    fn execute(&mut self, seq: u64, asked: &Asked) -> Option<(Row, bool)> {
        self.has_changed = true;
        self.state.execute(seq, asked, self.view.viewnum, self.settings.table_clients_max)
    }

    /// Sends the forwards of these numbers to one backup.
    fn send_forwards(&mut self, node: &mut Node<Replica>, index: usize, first: u64, last: u64) {
        let oldest = self.in_flight.front().map_or(0, |operation| operation.seq);
        for seq in first.max(oldest)..=last {
            let asked = match self.in_flight.get((seq - oldest) as usize) {
                Some(operation) => &operation.request.asked,
                None => break,
            };
            let forward = object([
                ("type", "forward".into()),
                ("seq", seq.into()),
                ("clientId", asked.client_id.as_str().into()),
                ("requestId", asked.request_id.into()),
                ("operation", asked.operation.clone()),
            ]);
            self.send_server(node, &self.backups[index].member, forward);
        }
        self.arm(node, index);
    }

    fn take_forward_ack(&mut self, node: &mut Node<Replica>, from: &Member, executed: u64) {
        let last_seq = self.last_seq;
        let index = match self.backups.iter().position(|backup| backup.member == *from) {
            Some(index) if self.serving => index,
            _ => return,
        };
        let backup = &mut self.backups[index];
        if executed <= backup.executed {
            return;
        }
        backup.executed = executed.min(last_seq);
        self.acked(node, index, true);
        self.continue_retry(node, index);
        self.settle(node);
    }
}

// ---- operations on a backup

impl Replica {
    /// Takes a forward of its own view from that view's primary, and executes it when its turn has come.
    fn take_forward(&mut self, node: &mut Node<Replica>, from: &Member, body: &Json) {
        if self.role != Role::Backup || *from != self.view.primary {
            return;
        }
        // Every operation comes before the state transfer or after it.
        if !self.serving {
            return;
        }
        let seq = body["seq"].count();
        if seq > self.state.executed {
            self.ahead.insert(seq, Asked::from_body(body));
        }
        while let Some(asked) = self.ahead.remove(&(self.state.executed + 1)) {
            self.execute(self.state.executed + 1, &asked);
        }
        // The ack says what was executed, and not what has come.
        let ack = object([("type", "forward-ack".into()), ("executed", self.state.executed.into())]);
        self.send_server(node, from, ack);
    }
}

// ---- state transfer on the primary

impl Replica {
    /// The whole state goes to every backup. It does not change until all of them have it, so one copy serves all.
    fn begin_transfers(&mut self, node: &mut Node<Replica>) {
        if self.backups.is_empty() {
            return;
        }
        self.chunks = chunks_of(&self.state, self.settings.transfer_chunk_bytes);
        for index in 0..self.backups.len() {
            self.send_next_chunks(node, index);
        }
    }

    /// Sends as many chunks as the window allows without an ack.
    fn send_next_chunks(&mut self, node: &mut Node<Replica>, index: usize) {
        let window = self.settings.transfer_window.max(1);
        while self.backups[index].chunks_unacked.len() < window && self.backups[index].next_chunk < self.chunks.len() {
            let chunk = self.backups[index].next_chunk;
            self.backups[index].next_chunk += 1;
            self.send_chunk(node, index, chunk);
        }
        self.arm(node, index);
    }

    fn send_chunk(&mut self, node: &mut Node<Replica>, index: usize, number: usize) {
        let is_last = number + 1 == self.chunks.len();
        let mut body = object([
            ("type", "state-transfer".into()),
            ("chunk", (number as u64).into()),
            ("last", is_last.into()),
            ("executed", self.state.executed.into()),
            ("entries", self.chunks[number].entries.clone().into()),
            ("rows", self.chunks[number].rows.clone().into()),
        ]);
        if is_last {
            body = body.with("digest", self.state.digest());
        }
        self.send_server(node, &self.backups[index].member, body);
        let backup = &mut self.backups[index];
        backup.chunks_unacked.insert(number, backup.armings);
    }

    fn take_chunk_ack(&mut self, node: &mut Node<Replica>, from: &Member, body: &Json) {
        let chunk = body["chunk"].count() as usize;
        let index = match self.backups.iter().position(|backup| backup.member == *from) {
            Some(index) if !self.backups[index].initialised => index,
            _ => return,
        };
        let backup = &mut self.backups[index];
        if body["installed"].bool() {
            backup.initialised = true;
            backup.chunks_unacked.clear();
            self.acked(node, index, true);
            return self.serve_if_ready(node);
        }
        let oldest = backup.chunks_unacked.keys().next().copied();
        if backup.chunks_unacked.remove(&chunk).is_none() {
            return;
        }
        backup.highest_chunk_acked = backup.highest_chunk_acked.max(Some(chunk));
        self.send_next_chunks(node, index);
        self.acked(node, index, oldest == Some(chunk));
        if self.backups[index].chunks_unacked.is_empty() {
            // It has acked every chunk and yet installed nothing: what it had received is gone.
            self.begin_transfer_again(node, index);
        }
    }

    fn begin_transfer_again(&mut self, node: &mut Node<Replica>, index: usize) {
        node.cancel(&timer_of(&self.backups[index].member.name));
        let before = &self.backups[index];
        let (member, armings) = (before.member.clone(), before.armings);
        self.backups[index] = Backup { armings, ..Backup::new(member, self.state.executed) };
        self.send_next_chunks(node, index);
    }

    /// The backup has a later incarnation than this view names. It is initialised, and counts, as that one.
    fn begin_again_after_restart(&mut self, node: &mut Node<Replica>, from: &Member) {
        let index = match self.backup_named(&from.name) {
            Some(index) if !self.serving => index,
            _ => return,
        };
        if from.incarnation > self.backups[index].member.incarnation {
            self.backups[index].member = from.clone();
            self.begin_transfer_again(node, index);
        }
    }
}

/// The state in pieces of about this size. There is always one, for an empty state too.
fn chunks_of(state: &State, bytes_max: usize) -> Vec<Chunk> {
    let mut chunks = vec![Chunk { entries: Vec::new(), rows: Vec::new() }];
    let mut bytes = 0;
    // The chunk that the next piece goes to. A piece that is larger than a chunk has one alone.
    let mut chunk_for = |chunks: &mut Vec<Chunk>, piece: usize| {
        if bytes > 0 && bytes + piece > bytes_max {
            chunks.push(Chunk { entries: Vec::new(), rows: Vec::new() });
            bytes = 0;
        }
        bytes += piece;
        chunks.len() - 1
    };
    for (key, value) in &state.store {
        let index = chunk_for(&mut chunks, key.len() + value.len());
        let entry = object([("key", encode(key).into()), ("value", encode(value).into())]);
        chunks[index].entries.push(entry);
    }
    for ((client_id, row), json) in state.table.in_order().zip(state.rows()) {
        let index = chunk_for(&mut chunks, client_id.len() + row.bytes());
        chunks[index].rows.push(json);
    }
    chunks
}

// ---- state transfer on a backup

impl Replica {
    fn take_chunk(&mut self, node: &mut Node<Replica>, from: &Member, body: &Json) {
        if self.role != Role::Backup || *from != self.view.primary {
            return;
        }
        // A backup that holds the state has perhaps executed since: it acks a repeated chunk and installs nothing.
        if !self.serving {
            self.received.insert(body["chunk"].count(), body.clone());
            if self.has_all_chunks() && !self.install(node, from) {
                return;
            }
        }
        let ack = object([
            ("type", "state-transfer-ack".into()),
            ("chunk", body["chunk"].clone()),
            ("installed", self.serving.into()),
        ]);
        self.send_server(node, from, ack);
    }

    fn has_all_chunks(&self) -> bool {
        let highest = self.received.iter().next_back();
        highest.map_or(false, |(number, chunk)| chunk["last"].bool() && number + 1 == self.received.len() as u64)
    }

    /// The new state replaces the old one as a whole. False: it is not what the primary sent, and is thrown away. Then
    /// the last chunk is not acked, so that the primary sends again.
    fn install(&mut self, node: &mut Node<Replica>, from: &Member) -> bool {
        let (state, digest) = state_of(&std::mem::take(&mut self.received));
        if !digest.is_null() && !same_digest(&digest, &state.digest()) {
            node.report("note", object([("text", "the transferred state differs from its digest".into())]));
            return false;
        }
        self.state = state;
        self.serving = true;
        self.has_changed = true;
        let installed = object([
            ("from", from.name.as_str().into()),
            ("viewnum", self.view.viewnum.into()),
            ("executed", self.state.executed.into()),
            ("keys", (self.state.store.len() as u64).into()),
        ]);
        node.report("transfer_installed", installed);
        self.tell_role(node);
        true
    }
}

/// The state that these chunks carry, and its digest, which is null if the primary sends none.
fn state_of(chunks: &BTreeMap<u64, Json>) -> (State, Json) {
    let mut state = State::default();
    let mut digest = Json::Null;
    for chunk in chunks.values() {
        state.executed = chunk["executed"].count();
        for entry in chunk["entries"].list() {
            state.store.insert(decode(entry["key"].text()), decode(entry["value"].text()));
        }
        for json in chunk["rows"].list() {
            let row = Row {
                request_id: json["requestId"].count(),
                answer: Answer::from_json(&json["result"]),
                seq: json["seq"].count(),
                viewnum: json["viewnum"].count(),
            };
            state.table.insert(json["clientId"].text(), row);
        }
        digest = chunk["digest"].clone();
    }
    (state, digest)
}

fn same_digest(one: &Json, other: &Json) -> bool {
    ["keys", "rows", "hash"].iter().all(|&name| one[name].count() == other[name].count())
}

// ---- sending again

fn timer_of(backup: &str) -> String {
    format!("retry:{}", backup)
}

impl Replica {
    fn backup_named(&self, name: &str) -> Option<usize> {
        self.backups.iter().position(|backup| backup.member.name == name)
    }

    fn has_unacked(&self, index: usize) -> bool {
        let backup = &self.backups[index];
        !backup.chunks_unacked.is_empty() || self.serving && backup.executed < self.last_seq
    }

    /// The retry timer is armed exactly while something that was sent to this backup is not acked.
    fn arm(&mut self, node: &mut Node<Replica>, index: usize) {
        let is_armed = self.backups[index].is_armed;
        self.arm_anew(node, index, !is_armed);
    }

    fn arm_anew(&mut self, node: &mut Node<Replica>, index: usize, anew: bool) {
        let has_unacked = self.has_unacked(index);
        let backup = &mut self.backups[index];
        if has_unacked && anew {
            backup.armings += 1;
            node.timer(&timer_of(&backup.member.name), backup.wait * self.settings.retry_ms);
        } else if !has_unacked && backup.is_armed {
            node.cancel(&timer_of(&backup.member.name));
        }
        backup.is_armed = has_unacked;
    }

    /// Something was acked. The timer begins anew when that was the oldest of what is unacked.
    fn acked(&mut self, node: &mut Node<Replica>, index: usize, was_oldest: bool) {
        let backup = &mut self.backups[index];
        backup.wait = 1;
        backup.has_waited = false;
        backup.sent_after_loss = false;
        let anew = was_oldest || !backup.is_armed;
        self.arm_anew(node, index, anew);
    }

    /// The retry timer has fired: for a whole wait nothing was acked.
    fn retry(&mut self, node: &mut Node<Replica>, index: usize) {
        let backup = &mut self.backups[index];
        backup.is_armed = false;
        backup.wait = (backup.wait * 2).min(WAIT_MAX);
        if backup.initialised {
            self.begin_retry(node, index);
        } else {
            self.retry_chunks(node, index);
        }
        self.arm(node, index);
    }

    /// Sends the chunks again that are surely lost: a later one was acked. If none ever was, the backup may have been
    /// in another view, and all are sent. Otherwise the link may be slow: the oldest is sent, after one more wait.
    fn retry_chunks(&mut self, node: &mut Node<Replica>, index: usize) {
        let backup = &mut self.backups[index];
        let is_due = |&(_, &sent_in): &(&usize, &u64)| sent_in < backup.armings;
        let due: Vec<usize> = backup.chunks_unacked.iter().filter(is_due).map(|(&chunk, _)| chunk).collect();
        let highest = backup.highest_chunk_acked;
        let mut again: Vec<usize> =
            due.iter().copied().filter(|&chunk| highest.map_or(true, |highest| chunk < highest)).collect();
        if again.is_empty() && backup.has_waited {
            again.extend(due.first());
        }
        backup.has_waited = again.is_empty();
        for chunk in again {
            self.send_chunk(node, index, chunk);
        }
    }

    fn begin_retry(&mut self, node: &mut Node<Replica>, index: usize) {
        self.backups[index].retry_last = self.last_seq;
        self.send_retry(node, index);
    }

    fn send_retry(&mut self, node: &mut Node<Replica>, index: usize) {
        let backup = &mut self.backups[index];
        let first = backup.executed + 1;
        let last = backup.retry_last.min(backup.executed + FORWARDS_PER_RETRY);
        backup.retry_until = last;
        self.send_forwards(node, index, first, last);
    }

    /// The last forward of a retry is acked. What was sent before the retry, and is not acked with it, is lost too: a
    /// connection keeps its order. So the next ones follow at once.
    fn continue_retry(&mut self, node: &mut Node<Replica>, index: usize) {
        let backup = &mut self.backups[index];
        if backup.retry_until == 0 || backup.executed < backup.retry_until {
            return;
        }
        backup.retry_until = 0;
        if backup.executed < backup.retry_last {
            self.send_retry(node, index);
        }
    }

    /// A connection takes its messages with it. They are sent again once; then the timer takes over.
    fn send_after_loss(&mut self, node: &mut Node<Replica>, index: usize) {
        if !self.has_unacked(index) || self.backups[index].sent_after_loss {
            return;
        }
        self.backups[index].sent_after_loss = true;
        if self.backups[index].initialised {
            return self.begin_retry(node, index);
        }
        let unacked: Vec<usize> = self.backups[index].chunks_unacked.keys().copied().collect();
        for chunk in unacked {
            self.send_chunk(node, index, chunk);
        }
    }
}

// ---- what it tells

impl Replica {
    fn tell_role(&self, node: &mut Node<Replica>) {
        let role = match self.role {
            Role::Primary => "primary",
            Role::Backup => "backup",
            Role::Idle => "idle",
        };
        let fields =
            object([("role", role.into()), ("viewnum", self.view.viewnum.into()), ("serving", self.serving.into())]);
        node.report("role", fields);
    }

    fn tell_state(&self, node: &mut Node<Replica>) {
        let State { executed, store, table } = &self.state;
        let mut state = object([("executed", (*executed).into())]);
        if is_small(store.iter().map(|(key, value)| key.len() + value.len())) {
            let pairs = store.iter().map(|(key, value)| (encode(key), encode(value).into()));
            state = state.with("store", Json::Object(pairs.collect()));
        }
        if is_small(table.in_order().map(|(_, row)| row.bytes())) {
            state = state.with("table", self.state.rows().collect::<Vec<Json>>().into());
        }
        node.report("state", object([("state", state)]));
    }
}

/// Whether pieces of these sizes may be told in each step. Looks at no more of them than may be.
fn is_small(sizes: impl Iterator<Item = usize>) -> bool {
    let mut bytes = 0;
    for (index, size) in sizes.enumerate() {
        bytes += size;
        if index >= TOLD_MAX || bytes > TOLD_BYTES_MAX {
            return false;
        }
    }
    true
}

fn main() {
    node::run(Levels { steps: true, timers: true, reports: true }, Replica::new());
}
