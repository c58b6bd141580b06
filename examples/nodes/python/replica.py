"""A replica of the whole protocol of docs/protocol.md: primary, backup or idle, as the view server says.

    understudy run scenarios/ --program "s2=python3 examples/nodes/python/replica.py"
    understudy run scenarios/ --program "replicas=python3 examples/nodes/python/replica.py"

The file has three parts. `State` is what every copy holds: the store and the at-most-once table. `Transfer` sends a
state to one backup, in chunks. `Replica` is the server: views, requests, forwards and acks.
"""
import base64
import re
import struct
from node import Node

#: A value may not grow beyond this; the operation that would do it is answered with "too-large".
VALUE_MAX = 8 * 1024 * 1024
#: One retry sends at most so many forwards.
FORWARDS_A_RETRY = 64
#: The wait between retries doubles up to this many times `retryMs`.
LONGEST_WAIT = 8
#: Hashing more bytes than these could take longer than a step may. A larger state is sent without a digest.
DIGEST_BYTES_MAX = 8 * 1024 * 1024
#: A state with more keys, or more rows, is reported without them.
REPORTED_MAX = 200

# ---- keys and values: bytes, which a line has as text, or as "base64:" and base64


def decode(text):
    """The bytes of a key or value of a line; None stays None."""
    if text is None:
        return None
    if text.startswith("base64:"):
        try:
            return base64.b64decode(text[7:], validate=True)
        except ValueError:
            pass
    return text.encode()


def encode(data):
    """How a line has these bytes. Text that begins like base64 would be misread, so it becomes base64 too."""
    if data is None:
        return None
    try:
        text = data.decode()
        if not re.search("[\0-\x1f\x7f-\x9f]", text) and not text.startswith("base64:"):
            return text
    except UnicodeDecodeError:
        pass
    return "base64:" + base64.b64encode(data).decode()


# ---- the hash of a state: docs/wire-protocol.md says how it is counted

RESULT_NUMBERS = {"done": 1, "value": 2, "missing": 3, "mismatch": 4, "too-large": 5}


def fnv(data):
    hash = 0x811C9DC5
    for byte in data:
        hash = (hash ^ byte) * 0x01000193 & 0xFFFFFFFF
    return hash


def word(hash, value):
    hash = (hash ^ value) * 0x01000193 & 0xFFFFFFFF
    return (hash << 13 | hash >> 19) & 0xFFFFFFFF


def number(hash, value):
    return word(word(hash, value & 0xFFFFFFFF), value >> 32)


def fold(hash, data):
    padded = data + bytes(-len(data) % 4)
    for value in struct.unpack(f"<{len(padded) // 4}I", padded):
        hash = (hash ^ value) * 0x01000193 & 0xFFFFFFFF
        hash = (hash << 13 | hash >> 19) & 0xFFFFFFFF
    return hash


def finish(hash, length):
    hash ^= length
    hash = (hash ^ hash >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    hash = (hash ^ hash >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return hash ^ hash >> 16


def hash_of_entry(key, value):
    return finish(fold(fnv(key), value), len(value))


def hash_of_row(row, seq_before):
    hash = number(number(fnv(row["clientId"].encode()), row["requestId"]), row["seq"])
    hash = word(number(word(hash, row["viewnum"]), seq_before), RESULT_NUMBERS[row["result"]["type"]])
    value = value_of(row["result"])
    return finish(hash, 0) if value is None else finish(fold(hash, value), len(value))


def value_of(result):
    """The bytes that a result brings, or None."""
    return decode(result.get("value", result.get("actual")))


# ---- what every copy holds


class State:
    """The store, the at-most-once table, and the sequence number of the last executed operation.

    The same operations in the same order give the same state on every copy. So nothing here may depend on the role,
    on time or on chance.
    """

    def __init__(self):
        self.executed = 0
        #: Key to value, both bytes.
        self.store = {}
        #: Client id to row. Rows are in order of execution, since a dict keeps the order of insertion.
        self.table = {}

    def execute(self, request, viewnum, clients_max):
        """Executes one numbered operation, and returns the client's row and whether it was there before."""
        self.executed = request.seq
        row = self.table.get(request.client_id)
        if row is not None and row["requestId"] >= request.request_id:
            return row, True
        row = {
            "clientId": request.client_id, "requestId": request.request_id, "result": self.apply(request.operation),
            "seq": request.seq, "viewnum": viewnum,
        }
        # Taken out and put in again, the row is the last: the first one is of whoever executed longest ago.
        self.table.pop(request.client_id, None)
        self.table[request.client_id] = row
        if len(self.table) > clients_max:
            del self.table[next(iter(self.table))]
        return row, False

    def apply(self, operation):
        key, value = decode(operation["key"]), decode(operation.get("value"))
        held = self.store.get(key)
        kind = operation["type"]
        if kind == "get":
            return {"type": "missing"} if held is None else {"type": "value", "value": encode(held)}
        if kind == "delete":
            self.store.pop(key, None)
            return {"type": "missing"} if held is None else {"type": "done"}
        if kind == "cas" and held != decode(operation["expected"]):
            return {"type": "mismatch", "actual": encode(held)}
        return self.write(key, (held or b"") + value if kind == "append" else value)

    def write(self, key, value):
        if len(value) > VALUE_MAX:
            return {"type": "too-large"}
        self.store[key] = value
        return {"type": "done"}

    def digest(self):
        """The digest of the whole state, or None for a state that would take too long."""
        values = [value_of(row["result"]) or b"" for row in self.table.values()]
        size = sum(len(key) + len(value) for key, value in self.store.items()) + sum(map(len, values))
        if size > DIGEST_BYTES_MAX:
            return None
        total = sum(hash_of_entry(key, value) for key, value in self.store.items())
        before = 0
        for row in self.table.values():
            total += hash_of_row(row, before)
            before = row["seq"]
        return {"keys": len(self.store), "rows": len(self.table), "hash": total & 0xFFFFFFFF}

    def chunks(self, bytes_max):
        """The state in chunks of about this size; the last one carries the digest. Read them while nothing executes."""
        entries, rows, size = [], [], 0
        for key, value in self.store.items():
            entries.append({"key": encode(key), "value": encode(value)})
            size += len(key) + len(value)
            if size >= bytes_max:
                yield self.chunk(entries, rows)
                entries, rows, size = [], [], 0
        for row in self.table.values():
            rows.append(row)
            # About what a row takes beside its client id and its value.
            size += 32 + len(row["clientId"]) + len(value_of(row["result"]) or b"")
            if size >= bytes_max:
                yield self.chunk(entries, rows)
                entries, rows, size = [], [], 0
        digest = self.digest()
        yield {**self.chunk(entries, rows, last=True), **({} if digest is None else {"digest": digest})}

    def chunk(self, entries, rows, last=False):
        return {"last": last, "executed": self.executed, "entries": entries, "rows": rows}

    @staticmethod
    def of_chunks(chunks):
        """A new state from all chunks, in the order of their numbers."""
        state = State()
        state.executed = chunks[-1]["executed"]
        for chunk in chunks:
            state.store.update((decode(entry["key"]), decode(entry["value"])) for entry in chunk["entries"])
            state.table.update((row["clientId"], row) for row in chunk["rows"])
        return state


# ---- what a primary remembers


class Request:
    """An operation that a client asked for, and everybody who waits for its answer."""

    def __init__(self, client_id, request_id, operation, seq=0):
        self.client_id = client_id
        self.request_id = request_id
        self.operation = operation
        self.seq = seq
        #: Who sent it, in order of arrival, and the viewnum that the sender's last copy was tagged with.
        self.senders = {}

    def add_sender(self, name, tag):
        """The first sender and the three newest are answered, each once."""
        self.senders[name] = tag
        if len(self.senders) > 4:
            del self.senders[list(self.senders)[1]]


class Transfer:
    """Sends a state to one backup: at most `window` chunks at a time, and the next on the ack of an earlier one."""

    def __init__(self, chunks, window):
        self.chunks = enumerate(chunks)
        self.window = window
        #: Number to (chunk, round): sent and not acked. A round begins whenever the retry timer is armed.
        self.unacked = {}
        self.round = 0
        self.highest_acked = -1
        self.waited_once = False

    def more(self):
        """The chunks that the window has room for now."""
        sent = []
        while len(self.unacked) < self.window:
            number, chunk = next(self.chunks, (None, None))
            if chunk is None:
                break
            self.unacked[number] = chunk, self.round
            sent.append(number)
        return sent

    def ack(self, number):
        """True if this was the oldest chunk that was not acked."""
        was_oldest = number == next(iter(self.unacked), None)
        if self.unacked.pop(number, None) is not None:
            self.highest_acked = max(self.highest_acked, number)
            self.waited_once = False
        return was_oldest

    def again(self):
        """The chunks to send again after a wait: those that are lost, as far as one can tell."""
        waited = [number for number, (_, round) in self.unacked.items() if round < self.round]
        lost = [number for number in waited if number < self.highest_acked or self.highest_acked < 0]
        if not lost and self.waited_once:
            # Only slow, perhaps. The oldest alone shows whether the link still carries anything.
            lost = waited[:1]
        self.waited_once = not lost
        return lost

    def is_refused(self):
        """Every chunk has arrived, and still the backup has not installed them: its state differs from the digest."""
        return not self.unacked


class Backup:
    """What a primary knows about one backup of its view."""

    def __init__(self, name, incarnation, wait):
        self.name = name
        #: The incarnation that the state is sent to; a backup that restarts before the ack is initialised again.
        self.incarnation = incarnation
        self.wait = wait
        #: None once the backup has installed the state.
        self.transfer = None
        #: It has executed everything up to this sequence number.
        self.acked = 0
        #: The last retry sent forwards up to `again_at`; those up to `again_to` are sent again as well.
        self.again_at = self.again_to = 0
        self.sent_again_after_loss = False


# ---- the server


class Replica:
    def __init__(self, node):
        self.node = node
        self.state = State()
        self.view = {"viewnum": 0, "primary": None, "backups": []}
        self.role = "idle"
        #: A primary executes and answers; a backup is initialised and takes forwards.
        self.serving = False
        #: The viewnum of the pings: a primary's is the old one until its transfers are acked.
        self.pinged = 0
        #: Since which view this server has been primary in every view.
        self.primary_since = 0
        self.backups = {}
        #: Numbered operations that not every backup has acked: sequence number to request.
        self.outstanding = {}
        self.last_seq = 0
        #: By client id: its newest request that is numbered and not executed.
        self.newest = {}
        #: By client id: the request that waits for the view to start.
        self.waiting = {}
        #: Of a backup: forwards ahead of their turn, and the chunks of a transfer that is not complete.
        self.ahead = {}
        self.chunks = {}
        self.told = {}
        for kind, handler in (
            ("init", self.start), ("view-reply", self.on_view_reply), ("superseded", self.on_superseded),
            ("request", self.on_request), ("forward", self.on_forward), ("forward-ack", self.on_forward_ack),
            ("state-transfer", self.on_state_transfer), ("state-transfer-ack", self.on_state_transfer_ack),
            ("restarted", self.on_restarted), ("not-yet", lambda message: None), ("peer_lost", self.on_peer_lost),
        ):
            node.on(kind)(self.and_tell(handler))

    def start(self, message):
        lab = self.node.lab
        self.me = self.node.id
        self.incarnation = lab["incarnation"]
        self.settings = lab["settings"]
        self.view_server = next(name for name, kind in lab["nodes"].items() if kind == "view-server")
        self.is_asynchronous = self.settings["replication"] == "asynchronous"
        self.tell_state()
        self.on_ping_timer()

    @property
    def viewnum(self):
        return self.view["viewnum"]

    # ---- reports

    def and_tell(self, handler):
        """A handler that afterwards tells the lab what has changed."""
        def handle(message):
            executed, store = self.state.executed, self.state.store
            handler(message)
            if self.state.executed != executed or self.state.store is not store:
                self.tell_state()
        return handle

    def tell_state(self):
        state = {"executed": self.state.executed}
        if len(self.state.store) <= REPORTED_MAX:
            state["store"] = {encode(key): encode(value) for key, value in self.state.store.items()}
        if len(self.state.table) <= REPORTED_MAX:
            state["table"] = list(self.state.table.values())
        self.node.report("state", state=state)

    def tell_role(self):
        role = {"role": self.role, "viewnum": self.viewnum, "serving": self.serving}
        if role != self.told:
            self.told = role
            self.node.report("role", **role)

    # ---- the view server

    def on_ping_timer(self):
        self.ping()
        self.node.timer("ping", self.settings["pingIntervalMs"], self.on_ping_timer)

    def ping(self):
        initialised = []
        if self.role == "primary" and self.serving:
            initialised = [{"name": it.name, "incarnation": it.incarnation} for it in self.backups.values()]
        self.node.send(
            self.view_server, type="ping", viewnum=self.pinged, incarnation=self.incarnation, initialised=initialised,
        )

    def on_view_reply(self, message):
        body = message["body"]
        # Views come from the view server only, and a lower one is of the past. A reply to an earlier life is not ours.
        if message["src"] != self.view_server or body["toIncarnation"] != self.incarnation:
            return
        if body["view"]["viewnum"] > self.viewnum:
            self.adopt(body["view"])

    def on_superseded(self, message):
        body = message["body"]
        if message["src"] == self.view_server and body["toIncarnation"] == self.incarnation:
            self.node.report("note", text=f"incarnation {body['incarnation']} has started: this one ends")
            self.node.stop()

    def adopt(self, view):
        was_primary, before = self.role == "primary", self.viewnum
        self.view, self.serving = view, False
        self.role = self.role_in(view)
        # A forward counts in its own view, and so does half a transfer.
        self.ahead.clear()
        self.chunks.clear()
        self.forget_backups()
        if self.role == "primary":
            # A view that this server has missed had another primary.
            if not (was_primary and view["viewnum"] == before + 1):
                self.primary_since = view["viewnum"]
            self.tell_role()
            self.begin_transfers()
            return
        self.refuse_all()
        self.tell_role()
        self.pinged = self.viewnum
        self.ping()

    def role_in(self, view):
        # A primary that restarted has lost its memory, and is none. A backup that did is initialised anew.
        if view["primary"] is not None and self.is_me(view["primary"]):
            return "primary" if view["primary"]["incarnation"] == self.incarnation else "idle"
        return "backup" if any(self.is_me(member) for member in view["backups"]) else "idle"

    def is_me(self, member):
        return member["name"] == self.me and member["incarnation"] <= self.incarnation

    def forget_backups(self):
        for backup in self.backups.values():
            self.node.cancel(f"retry:{backup.name}")
        self.backups = {}

    def not_yet(self, name, client_id="", request_id=0):
        """Answers a message of a later view, and asks for that view at once."""
        self.node.send(name, type="not-yet", viewnum=self.viewnum, clientId=client_id, requestId=request_id)
        self.ping()

    # ---- a view of this primary begins: the state goes to every backup

    def begin_transfers(self):
        if self.is_asynchronous:
            # All of it is executed, so the transferred state has it.
            self.outstanding.clear()
        # What was numbered and not executed keeps its numbers; they never restart.
        self.last_seq = self.state.executed + len(self.outstanding)
        for member in self.view["backups"]:
            backup = Backup(member["name"], member["incarnation"], self.settings["retryMs"])
            self.backups[backup.name] = backup
            self.begin_transfer(backup)
        self.start_view_if_ready()

    def begin_transfer(self, backup):
        chunks = self.state.chunks(self.settings["transferChunkBytes"])
        backup.transfer = Transfer(chunks, self.settings["transferWindow"])
        self.send_chunks(backup, backup.transfer.more())
        self.arm(backup)

    def send_chunks(self, backup, numbers):
        for number in numbers:
            chunk, _ = backup.transfer.unacked[number]
            backup.transfer.unacked[number] = chunk, backup.transfer.round
            self.send_to(backup, type="state-transfer", chunk=number, **chunk)

    def send_to(self, backup, **body):
        self.node.send(
            backup.name, **body, viewnum=self.viewnum, fromIncarnation=self.incarnation,
            toIncarnation=backup.incarnation,
        )

    def backup_that_sent(self, message):
        """The backup of this primary's view that sent a message to this incarnation; None for anybody else."""
        body = message["body"]
        backup = self.backups.get(message["src"])
        counts = body["viewnum"] == self.viewnum and body["toIncarnation"] == self.incarnation
        return backup if counts else None

    def on_state_transfer_ack(self, message):
        body = message["body"]
        backup = self.backup_that_sent(message)
        if backup is None or backup.transfer is None or body["fromIncarnation"] != backup.incarnation:
            return
        backup.wait = self.settings["retryMs"]
        backup.sent_again_after_loss = False
        if body["installed"]:
            backup.transfer = None
            self.node.cancel(f"retry:{backup.name}")
            self.start_view_if_ready()
            return
        was_oldest = backup.transfer.ack(body["chunk"])
        self.send_chunks(backup, backup.transfer.more())
        if was_oldest:
            self.arm(backup)

    def on_restarted(self, message):
        """The backup has lost what it had: the transfer begins again, for its new incarnation."""
        backup = self.backup_that_sent(message)
        if backup is None or self.serving or message["body"]["fromIncarnation"] <= backup.incarnation:
            return
        backup.incarnation = message["body"]["fromIncarnation"]
        backup.wait = self.settings["retryMs"]
        self.begin_transfer(backup)

    def start_view_if_ready(self):
        if any(backup.transfer is not None for backup in self.backups.values()):
            return
        self.serving = True
        self.pinged = self.viewnum
        self.tell_role()
        # This ping is the ack.
        self.ping()
        for backup in self.backups.values():
            backup.acked = self.state.executed
            self.send_forwards(backup, self.unacked(backup))
            self.arm(backup)
        self.settle()
        waiting, self.waiting = self.waiting, {}
        for request in waiting.values():
            for name, tag in request.senders.items():
                self.take(request.client_id, request.request_id, request.operation, name, tag)

    # ---- requests of clients

    def on_request(self, message):
        body = message["body"]
        name, client_id, request_id, tag = message["src"], body["clientId"], body["requestId"], body["viewnum"]
        if tag > self.viewnum:
            self.not_yet(name, client_id, request_id)
        elif self.role != "primary":
            self.reject(name, client_id, request_id, "not-primary", tag)
        elif not self.serving:
            self.wait_for_view(client_id, request_id, body["operation"], name, tag)
        else:
            self.take(client_id, request_id, body["operation"], name, tag)

    def wait_for_view(self, client_id, request_id, operation, name, tag):
        """Keeps a request until the transfers are acked: one for each client, the newest."""
        numbered, waiting = self.newest.get(client_id), self.waiting.get(client_id)
        if numbered is not None and numbered.request_id == request_id:
            numbered.add_sender(name, tag)
        elif waiting is not None and request_id <= waiting.request_id:
            if request_id == waiting.request_id:
                waiting.add_sender(name, tag)
        elif waiting is None and len(self.waiting) >= self.settings["waitingRequestsMax"]:
            self.reject(name, client_id, request_id, "busy", tag)
        else:
            self.waiting[client_id] = Request(client_id, request_id, operation)
            self.waiting[client_id].add_sender(name, tag)

    def take(self, client_id, request_id, operation, name, tag):
        """Answers a request from the table, or gives it a number; a copy of an older one is dropped."""
        row, numbered = self.state.table.get(client_id), self.newest.get(client_id)
        if row is not None and request_id <= row["requestId"]:
            if request_id == row["requestId"]:
                self.reply(name, row, replayed=True)
        elif numbered is not None and request_id <= numbered.request_id:
            if request_id == numbered.request_id:
                numbered.add_sender(name, tag)
        elif tag < self.primary_since:
            # Its sender meant another time: what was written since must not be undone.
            self.reject(name, client_id, request_id, "not-primary", tag)
        elif self.is_asynchronous and operation["type"] == "get":
            self.reply(name, self.read_row(client_id, request_id, operation), replayed=False)
        elif len(self.outstanding) >= self.settings["inFlightMax"]:
            self.reject(name, client_id, request_id, "busy", tag)
        else:
            self.number(client_id, request_id, operation, name, tag)

    def read_row(self, client_id, request_id, operation):
        """Asynchronous reads are local: no number, no forward, and no row in the table."""
        result = self.state.apply(operation)
        return {"clientId": client_id, "requestId": request_id, "result": result, "seq": 0, "viewnum": self.viewnum}

    def number(self, client_id, request_id, operation, name, tag):
        self.last_seq += 1
        request = Request(client_id, request_id, operation, self.last_seq)
        request.add_sender(name, tag)
        self.outstanding[request.seq] = request
        if self.is_asynchronous:
            self.execute(request)
        else:
            self.newest[client_id] = request
        for backup in self.backups.values():
            nothing_unacked = backup.acked == request.seq - 1
            self.send_forwards(backup, [request])
            if nothing_unacked:
                self.arm(backup)
        self.settle()

    def settle(self):
        """Executes, in order, what every backup has executed and said so."""
        while self.outstanding:
            seq = next(iter(self.outstanding))
            if not all(backup.acked >= seq for backup in self.backups.values()):
                return
            request = self.outstanding.pop(seq)
            if not self.is_asynchronous:
                self.execute(request)

    def execute(self, request):
        row, replayed = self.state.execute(request, self.viewnum, self.settings["tableClientsMax"])
        if self.newest.get(request.client_id) is request:
            del self.newest[request.client_id]
        if row["requestId"] == request.request_id:
            for name in request.senders:
                self.reply(name, row, replayed)
        request.senders.clear()

    def reply(self, name, row, replayed):
        self.node.send(
            name, type="reply", clientId=row["clientId"], requestId=row["requestId"], viewnum=self.viewnum,
            seq=row["seq"], replayed=replayed, executedViewnum=row["viewnum"], result=row["result"],
        )

    def reject(self, name, client_id, request_id, reason, tag):
        self.node.send(
            name, type="rejected", clientId=client_id, requestId=request_id, reason=reason, requestViewnum=tag,
            viewnum=self.viewnum,
        )

    def refuse_all(self):
        """A deposed primary answers everybody who waits with it: a backup may have executed their requests."""
        for request in [*self.outstanding.values(), *self.waiting.values()]:
            for name, tag in request.senders.items():
                self.reject(name, request.client_id, request.request_id, "deposed", tag)
        for requests in (self.outstanding, self.newest, self.waiting):
            requests.clear()

    # ---- forwards: the primary's side

    def send_forwards(self, backup, requests):
        for request in requests:
            self.send_to(
                backup, type="forward", seq=request.seq, clientId=request.client_id, requestId=request.request_id,
                operation=request.operation,
            )

    def unacked(self, backup, first=0, last=None):
        """What was forwarded to this backup and not acked, from one sequence number to another."""
        seqs = range(max(first, backup.acked + 1), (self.last_seq if last is None else last) + 1)
        return [self.outstanding[seq] for seq in seqs if seq in self.outstanding]

    def on_forward_ack(self, message):
        body = message["body"]
        backup = self.backup_that_sent(message)
        if backup is None or not self.serving or body["fromIncarnation"] != backup.incarnation:
            return
        executed = min(body["executed"], self.last_seq)
        if executed <= backup.acked:
            return
        backup.acked = executed
        backup.wait = self.settings["retryMs"]
        backup.sent_again_after_loss = False
        if backup.again_at <= executed < backup.again_to:
            # The link carries again: the rest follows, without another wait.
            self.send_again(backup, backup.again_at + 1)
        self.arm(backup)
        self.settle()

    def send_again(self, backup, first=0):
        """The next forwards of a retry; those behind them follow on the ack of the last."""
        requests = self.unacked(backup, first, backup.again_to)[:FORWARDS_A_RETRY]
        if requests:
            backup.again_at = requests[-1].seq
        self.send_forwards(backup, requests)

    # ---- sending again

    def arm(self, backup):
        """The timer is armed exactly while something sent to this backup is unacked."""
        if backup.transfer is not None:
            backup.transfer.round += 1
        elif backup.acked >= self.last_seq:
            return self.node.cancel(f"retry:{backup.name}")
        self.node.timer(f"retry:{backup.name}", backup.wait, lambda: self.retry(backup))

    def retry(self, backup):
        if backup.transfer is None:
            backup.again_to = self.last_seq
            self.send_again(backup)
            has_sent = True
        elif backup.transfer.is_refused():
            return self.begin_transfer(backup)
        else:
            again = backup.transfer.again()
            self.send_chunks(backup, again)
            has_sent = bool(again)
        if has_sent:
            backup.wait = min(2 * backup.wait, LONGEST_WAIT * self.settings["retryMs"])
        self.arm(backup)

    def on_peer_lost(self, message):
        """What an ended connection carried is lost: it is sent again at once, but only once without an ack."""
        backup = self.backups.get(message["body"]["peer"])
        if backup is None or backup.sent_again_after_loss:
            return
        if backup.transfer is not None:
            self.send_chunks(backup, list(backup.transfer.unacked))
        elif self.serving and self.unacked(backup):
            self.send_forwards(backup, self.unacked(backup))
        else:
            return
        backup.sent_again_after_loss = True
        self.arm(backup)

    # ---- forwards and transfers: the backup's side

    def is_from_my_primary(self, message):
        """A message of this server's own view, from the primary of that view."""
        body, primary = message["body"], self.view["primary"]
        return (
            self.role == "backup" and body["viewnum"] == self.viewnum and message["src"] == primary["name"]
            and body["fromIncarnation"] == primary["incarnation"]
        )

    def answer(self, message, **body):
        self.node.send(
            message["src"], **body, viewnum=self.viewnum, fromIncarnation=self.incarnation,
            toIncarnation=message["body"]["fromIncarnation"],
        )

    def on_forward(self, message):
        body = message["body"]
        if body["viewnum"] > self.viewnum:
            return self.not_yet(message["src"])
        if body["toIncarnation"] != self.incarnation:
            return
        if not (self.is_from_my_primary(message) and self.serving):
            return
        if body["seq"] > self.state.executed and len(self.ahead) < self.settings["inFlightMax"]:
            self.ahead[body["seq"]] = Request(body["clientId"], body["requestId"], body["operation"], body["seq"])
        # One at a time and in order; a forward ahead of its turn waits.
        while self.state.executed + 1 in self.ahead:
            request = self.ahead.pop(self.state.executed + 1)
            self.state.execute(request, self.viewnum, self.settings["tableClientsMax"])
        self.answer(message, type="forward-ack", executed=self.state.executed)

    def on_state_transfer(self, message):
        body = message["body"]
        if body["viewnum"] > self.viewnum:
            return self.not_yet(message["src"])
        if not self.is_from_my_primary(message):
            return
        if body["toIncarnation"] < self.incarnation:
            return self.answer(message, type="restarted")
        if body["toIncarnation"] > self.incarnation:
            return
        if not self.serving:
            self.chunks[body["chunk"]] = body
            if not self.install_if_complete(message["src"]):
                return
        # An initialised backup has executed operations since: it acks a repeated chunk, and installs nothing.
        self.answer(message, type="state-transfer-ack", chunk=body["chunk"], installed=self.serving)

    def install_if_complete(self, primary):
        """Replaces the old state if all chunks are here. False if the new state differs from its digest."""
        chunks = [self.chunks[number] for number in sorted(self.chunks)]
        if not chunks[-1]["last"] or len(chunks) <= chunks[-1]["chunk"]:
            return True
        state = State.of_chunks(chunks)
        digest = chunks[-1].get("digest")
        self.chunks.clear()
        if digest is not None and state.digest() not in (None, digest):
            self.node.report("note", text=f"the state from {primary} differs from its digest: nothing is installed")
            return False
        self.state = state
        self.serving = True
        self.node.report(
            "transfer_installed", **{"from": primary}, viewnum=self.viewnum, executed=state.executed,
            keys=len(state.store),
        )
        self.tell_role()
        return True


node = Node(steps=True, timers=True, reports=True, reset=lambda: Replica(node))
Replica(node)
node.run()
