// A replica of Understudy's own protocol: primary-backup replication with a view server. docs/protocol.md has the
// rules, docs/node-protocol.md the lines.
//
//   javac -d out *.java
//   understudy run scenarios --program "s2=java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp out Replica"
//
// One process is one incarnation of one server. It is primary, backup or idle, as the view server's views say.
// The primary numbers what clients ask, forwards it to every backup, and executes it when all of them have.
// At the start of a view the primary sends its whole state to every backup, and executes nothing until they have it.
// Replica decides; State executes; Backup is what a primary knows of one backup; the rest are small values.

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

public final class Replica {
    /** A retry sends no more forwards than this; the ack of the last of them triggers the next. */
    private static final int RETRY_FORWARDS = 64;
    /** The wait of a retry doubles up to this many times `retryMs`. */
    private static final long WAITS_MAX = 8;

    private final Node node = new Node("steps", "timers", "reports");
    private String viewServer = "";
    private Member me;
    private long pingIntervalMs;
    private long retryMs;
    private long transferChunkBytes;
    private long transferWindow;
    private long waitingRequestsMax;
    private long inFlightMax;
    private boolean asynchronous;

    // ---- what it has, and the view that it has adopted

    private State state;
    private View view = View.NONE;
    private String role = "idle";
    /** Of a primary: it executes and answers. Of a backup: it is initialised and takes forwards. */
    private boolean serving;
    private String toldRole = "";
    /** What pings say: of a primary that starts a view, still the view before. */
    private long pingViewnum;
    /** The latest view that a ping was sent for because a message was of it. */
    private long metViewnum;

    // ---- as primary

    /** It has been primary in every view from this one to its own. */
    private long primarySince;
    /** All views that it was primary of, to tell `deposed` from `not-primary`. */
    private final Set<Long> reigns = new HashSet<>();
    /** The number of the last operation that got one. */
    private long lastSeq;
    private final Map<String, Backup> backups = new LinkedHashMap<>();
    /** By number: operations that are not executed, or that some backup has not acked. */
    private final TreeMap<Long, Request> forwards = new TreeMap<>();
    /** By client: its newest request that has a number and is not executed. */
    private final Map<String, Request> newest = new HashMap<>();
    /** By client: requests that wait for the view to start. */
    private final Map<String, Request> waiting = new LinkedHashMap<>();

    // ---- as backup

    /** Forwards that came before their turn, by number. */
    private final Map<Long, Body> ahead = new HashMap<>();
    private Incoming incoming = new Incoming();

    public static void main(String[] args) {
        new Replica().run();
    }

    private void run() {
        node.on("init", message -> begin());
        on("view-reply", this::onViewReply);
        on("superseded", this::onSuperseded);
        on("request", this::onRequest);
        on("forward", this::onForward);
        on("forward-ack", this::onForwardAck);
        on("state-transfer", this::onChunk);
        on("state-transfer-ack", this::onChunkAck);
        on("restarted", this::onRestarted);
        on("peer_lost", this::onPeerLost);
        // The retry does what there is to do about it.
        on("not-yet", message -> { });
        node.run();
    }

    /** Whatever a message changed is told at the end of its step. */
    private void on(String type, Node.Handler handler) {
        node.on(type, message -> {
            handler.handle(message);
            tellState();
        });
    }

    private void begin() {
        if (node.lab == null) {
            System.err.println("a replica needs the lab's settings");
            System.exit(1);
        }
        Body settings = node.lab.body("settings");
        me = new Member(node.id, node.lab.number("incarnation"));
        pingIntervalMs = settings.number("pingIntervalMs");
        retryMs = settings.number("retryMs");
        transferChunkBytes = settings.number("transferChunkBytes");
        transferWindow = settings.number("transferWindow");
        waitingRequestsMax = settings.number("waitingRequestsMax");
        inFlightMax = settings.number("inFlightMax");
        asynchronous = settings.text("replication").equals("asynchronous");
        state = new State(settings.number("tableClientsMax"));
        for (Map.Entry<String, Object> other : node.lab.body("nodes").entrySet()) {
            if (other.getValue().equals("view-server")) viewServer = other.getKey();
        }
        tellRole();
        tellState();
        onPingTimer();
    }

    // ---- pings and views

    private void onPingTimer() {
        metViewnum = 0;
        ping();
        node.timer("ping", pingIntervalMs, this::onPingTimer);
    }

    /** The first ping with the number of a new view is its ack: the backups in the list hold the primary's state. */
    private void ping() {
        List<Body> initialised = new ArrayList<>();
        if (role.equals("primary") && serving) for (Backup backup : backups.values()) initialised.add(backup.json());
        node.send(viewServer, Body.of("type", "ping", "viewnum", pingViewnum, "incarnation", me.incarnation(),
            "initialised", initialised));
    }

    /** A message is of a later view: the view server is asked at once, once between two regular pings. */
    private void meetLaterView(long viewnum) {
        if (viewnum <= metViewnum) return;
        metViewnum = viewnum;
        ping();
    }

    private void onViewReply(Message message) {
        // Views come from the view server only. One for an earlier life of this name is not for this process.
        if (!message.src.equals(viewServer) || message.body.number("toIncarnation") != me.incarnation()) return;
        View next = View.of(message.body.body("view"));
        if (next.viewnum() > view.viewnum()) adopt(next);
    }

    private void onSuperseded(Message message) {
        // A later process has this name now. This one ends, so that there are not two.
        if (message.src.equals(viewServer) && message.body.number("toIncarnation") == me.incarnation()) node.stop();
    }

    private void adopt(View next) {
        boolean leads = me.equals(next.primary());
        // The primary of a view acks it, so a view that this server has not seen had another primary.
        boolean stays = leads && role.equals("primary") && next.viewnum() == view.viewnum() + 1;
        if (role.equals("primary") && !stays) refuseAll();
        for (Backup backup : backups.values()) stopRetry(backup);
        backups.clear();
        ahead.clear();
        incoming = new Incoming();
        view = next;
        serving = false;
        if (leads) lead(stays);
        else follow();
    }

    private void follow() {
        role = view.hasBackup(me.name()) ? "backup" : "idle";
        pingViewnum = view.viewnum();
        tellRole();
        ping();
    }

    private void lead(boolean stays) {
        role = "primary";
        reigns.add(view.viewnum());
        if (!stays) {
            primarySince = view.viewnum();
            lastSeq = state.executed;
        }
        // What is executed is part of the transferred state, and need not be forwarded any more.
        forwards.headMap(state.executed, true).clear();
        for (Member member : view.backups()) backups.put(member.name(), new Backup(member));
        tellRole();
        // The state rests until all have it, so all get the same chunks.
        List<Body> chunks = backups.isEmpty() ? List.of() : state.cut(transferChunkBytes);
        for (Backup backup : backups.values()) {
            beginTransfer(backup, chunks);
            setRetry(backup);
        }
        startWhenTransferred();
    }

    /** The view begins when every backup has the state: not before, and for no answer. */
    private void startWhenTransferred() {
        for (Backup backup : backups.values()) if (backup.transfer != null) return;
        if (serving) return;
        serving = true;
        pingViewnum = view.viewnum();
        tellRole();
        ping();
        // Operations from before the view change keep their numbers and their order.
        for (Backup backup : backups.values()) {
            backup.acked = state.executed;
            sendForwards(backup, forwards.values());
        }
        settle();
        List<Request> begun = new ArrayList<>(waiting.values());
        waiting.clear();
        for (Request request : begun) serve(request);
    }

    /** A deposed primary cannot know what its backups executed: it refuses everything that it had taken. */
    private void refuseAll() {
        List<Request> unanswered = new ArrayList<>(forwards.tailMap(state.executed, false).values());
        unanswered.addAll(waiting.values());
        forwards.clear();
        newest.clear();
        waiting.clear();
        for (Request request : unanswered) reject(request, "deposed");
    }

    // ---- what clients ask

    private void onRequest(Message message) {
        Request request = new Request(message);
        if (request.viewnum > view.viewnum()) {
            sendNotYet(message.src, request.clientId, request.requestId);
            meetLaterView(request.viewnum);
        } else if (!role.equals("primary")) {
            refuse(request);
        } else if (!joins(request, newest.get(request.clientId))) {
            if (serving) serve(request);
            else await(request);
        }
    }

    /** A repeated request joins the one that is under way. An older one is of interest to nobody. */
    private static boolean joins(Request request, Request underWay) {
        if (underWay == null || request.requestId > underWay.requestId) return false;
        if (request.requestId == underWay.requestId) underWay.addSenders(request);
        return true;
    }

    /** Until its view starts a primary answers nothing, not even from the table. One request of each client waits. */
    private void await(Request request) {
        Request before = waiting.get(request.clientId);
        if (joins(request, before)) return;
        if (before == null && waiting.size() >= waitingRequestsMax) reject(request, "busy");
        else waiting.put(request.clientId, request);
    }

    private void serve(Request request) {
        Row row = state.row(request.clientId);
        if (row != null && request.requestId < row.requestId()) return;
        if (row != null && request.requestId == row.requestId()) answer(request, row, true);
        else if (request.viewnum < primarySince) refuse(request);
        else if (asynchronous && request.operation.type().equals("get")) answerHere(request);
        else if (forwards.size() >= inFlightMax) reject(request, "busy");
        else forward(request);
    }

    /** The primary of the tagged view may have forwarded an earlier copy, so only others say `not-primary`. */
    private void refuse(Request request) {
        reject(request, reigns.contains(request.viewnum) ? "deposed" : "not-primary");
    }

    private void reject(Request request, String reason) {
        for (String sender : request.senders) {
            node.send(sender, Body.of("type", "rejected", "clientId", request.clientId,
                "requestId", request.requestId, "reason", reason,
                "requestViewnum", request.viewnum, "viewnum", view.viewnum()));
        }
    }

    /** Executes without the backups: for the reads of asynchronous replication. */
    private void answerHere(Request request) {
        Body result = state.apply(request.operation);
        answer(request, new Row(request.clientId, request.requestId, result, state.executed, view.viewnum()), false);
    }

    private void answer(Request request, Row row, boolean replayed) {
        for (String sender : request.senders) {
            node.send(sender, Body.of("type", "reply", "clientId", row.clientId(), "requestId", row.requestId(),
                "viewnum", view.viewnum(), "seq", row.seq(), "replayed", replayed,
                "executedViewnum", row.viewnum(), "result", row.result()));
        }
    }

    private void sendNotYet(String dest, String clientId, long requestId) {
        node.send(dest, Body.of("type", "not-yet", "viewnum", view.viewnum(),
            "clientId", clientId, "requestId", requestId));
    }

    // ---- forwards, on the primary

    private void forward(Request request) {
        request.seq = ++lastSeq;
        forwards.put(request.seq, request);
        newest.put(request.clientId, request);
        for (Backup backup : backups.values()) sendForwards(backup, List.of(request));
        settle();
    }

    /** Executes and answers what may be: in synchronous replication, what every backup has executed. */
    private void settle() {
        long ready = asynchronous ? lastSeq : ackedByAll();
        while (state.executed < ready) execute(forwards.get(state.executed + 1));
        forwards.headMap(Math.min(state.executed, ackedByAll()), true).clear();
    }

    /** Up to which number each backup, by name, has said that it has executed. */
    private long ackedByAll() {
        long acked = lastSeq;
        for (Backup backup : backups.values()) acked = Math.min(acked, backup.acked);
        return acked;
    }

    private void execute(Request request) {
        newest.remove(request.clientId, request);
        boolean isNew = state.execute(request.json(), view.viewnum());
        Row row = state.row(request.clientId);
        if (row != null && row.requestId() == request.requestId) answer(request, row, !isNew);
    }

    private void sendForwards(Backup backup, Iterable<Request> requests) {
        for (Request request : requests) {
            Body body = between("forward", backup.incarnation).with("seq", request.seq);
            body.putAll(request.json());
            node.send(backup.name, body);
            backup.sent = Math.max(backup.sent, request.seq);
        }
        if (backup.sent > backup.acked && !backup.retryIsSet) setRetry(backup);
    }

    private void onForwardAck(Message message) {
        Backup backup = backupOf(message);
        if (backup == null || !serving) return;
        long executed = message.body.number("executed");
        // An ack that says nothing new is no progress, and nobody executes what was not sent.
        if (executed <= backup.acked || executed > backup.sent) return;
        backup.acked = executed;
        progress(backup, executed < backup.sent);
        if (executed >= backup.resentTo && executed < backup.lostTo) resendForwards(backup);
        settle();
    }

    /** Sends the oldest that may be lost, up to 64. What was first sent after the retry is not lost by its count. */
    private void resendForwards(Backup backup) {
        List<Request> oldest = new ArrayList<>();
        for (Request request : forwards.subMap(backup.acked, false, backup.lostTo, true).values()) {
            if (oldest.size() == RETRY_FORWARDS) break;
            oldest.add(request);
            backup.resentTo = request.seq;
        }
        sendForwards(backup, oldest);
    }

    // ---- state transfer, on the primary

    private void beginTransfer(Backup backup, List<Body> chunks) {
        backup.transfer = new Transfer(chunks);
        fillWindow(backup);
    }

    private void fillWindow(Backup backup) {
        Transfer transfer = backup.transfer;
        while (transfer.unacked.size() < transferWindow && transfer.next < transfer.chunks.size()) {
            sendChunk(backup, transfer.next++);
        }
    }

    private void sendChunk(Backup backup, int number) {
        Body body = between("state-transfer", backup.incarnation);
        body.putAll(backup.transfer.chunks.get(number));
        node.send(backup.name, body);
        backup.transfer.unacked.put(number, backup.round);
    }

    private void onChunkAck(Message message) {
        Backup backup = backupOf(message);
        if (backup == null || backup.transfer == null) return;
        if (message.body.flag("installed")) {
            backup.transfer = null;
            progress(backup, false);
            startWhenTransferred();
            return;
        }
        Transfer transfer = backup.transfer;
        int number = (int) message.body.number("chunk");
        if (!transfer.unacked.containsKey(number)) return;
        boolean wasOldest = transfer.unacked.firstKey() == number;
        transfer.unacked.remove(number);
        transfer.highestAcked = Math.max(transfer.highestAcked, number);
        transfer.hasWaited = false;
        fillWindow(backup);
        if (wasOldest) progress(backup, true);
    }

    /** The backup's process is a new one, which has nothing: it gets everything, in its new incarnation. */
    private void onRestarted(Message message) {
        Backup backup = backups.get(message.src);
        Body body = message.body;
        if (backup == null || backup.transfer == null || body.number("viewnum") != view.viewnum()) return;
        if (body.number("toIncarnation") != me.incarnation()) return;
        if (body.number("fromIncarnation") <= backup.incarnation) return;
        backup.incarnation = body.number("fromIncarnation");
        beginTransfer(backup, backup.transfer.chunks);
        progress(backup, true);
    }

    private void retryTransfer(Backup backup) {
        Transfer transfer = backup.transfer;
        if (transfer.unacked.isEmpty() && transfer.next == transfer.chunks.size()) {
            // All have arrived and the state is not installed: it did not fit its digest.
            beginTransfer(backup, backup.transfer.chunks);
            return;
        }
        List<Integer> late = new ArrayList<>();
        for (Map.Entry<Integer, Long> sent : transfer.unacked.entrySet()) {
            // Only what was sent before the timer was set has waited for a whole `retryMs`.
            boolean hasWaited = sent.getValue() < backup.round;
            if (hasWaited && isLost(transfer, sent.getKey())) late.add(sent.getKey());
        }
        // The link may be slow: the oldest chunk gets one more wait.
        if (late.isEmpty() && transfer.hasWaited && !transfer.unacked.isEmpty()) late.add(transfer.unacked.firstKey());
        transfer.hasWaited = late.isEmpty();
        for (int number : late) sendChunk(backup, number);
    }

    /** A later chunk was acked, so this one is lost; or none ever was, and the backup may have been elsewhere. */
    private static boolean isLost(Transfer transfer, int number) {
        return transfer.highestAcked > number || transfer.highestAcked < 0;
    }

    // ---- sending again

    private void onRetryTimer(Backup backup) {
        backup.waits = Math.min(2 * backup.waits, WAITS_MAX);
        if (backup.transfer != null) {
            retryTransfer(backup);
        } else {
            backup.lostTo = backup.sent;
            resendForwards(backup);
        }
        setRetry(backup);
    }

    private void setRetry(Backup backup) {
        backup.retryIsSet = true;
        backup.round++;
        node.timer("retry:" + backup.name, backup.waits * retryMs, () -> onRetryTimer(backup));
    }

    private void stopRetry(Backup backup) {
        backup.retryIsSet = false;
        node.cancel("retry:" + backup.name);
    }

    /** The oldest thing that this backup had not acked is acked: it has a whole `retryMs` for the next. */
    private void progress(Backup backup, boolean hasMore) {
        backup.waits = 1;
        backup.resentAfterLoss = false;
        if (hasMore) setRetry(backup);
        else stopRetry(backup);
    }

    /** What a connection carried is lost when it ends. It is sent again once; after that the timer decides. */
    private void onPeerLost(Message message) {
        Backup backup = message.src.equals("lab") ? backups.get(message.body.text("peer")) : null;
        if (backup == null || !backup.retryIsSet || backup.resentAfterLoss) return;
        backup.resentAfterLoss = true;
        if (backup.transfer != null) {
            for (int number : List.copyOf(backup.transfer.unacked.keySet())) sendChunk(backup, number);
        } else {
            sendForwards(backup, List.copyOf(forwards.tailMap(backup.acked, false).values()));
        }
        setRetry(backup);
    }

    // ---- as backup

    private void onForward(Message message) {
        if (isOfLaterView(message)) return;
        if (!isFromMyPrimary(message) || !isForMe(message) || !role.equals("backup") || !serving) return;
        long seq = message.body.number("seq");
        if (seq > state.executed && seq <= state.executed + inFlightMax) ahead.put(seq, message.body);
        Body next = ahead.remove(state.executed + 1);
        for (; next != null; next = ahead.remove(state.executed + 1)) state.execute(next, view.viewnum());
        // A repeated forward is acked again, since its first ack may be lost. One ahead of its turn is not acked yet.
        if (seq > state.executed) return;
        node.send(message.src, answerTo(message, "forward-ack").with("executed", state.executed));
    }

    private void onChunk(Message message) {
        if (isOfLaterView(message) || !isFromMyPrimary(message) || !role.equals("backup")) return;
        if (!isForMe(message)) {
            // It is for an earlier life of this name. The primary has to know that its memory is gone.
            if (message.body.number("toIncarnation") < me.incarnation()) {
                node.send(message.src, answerTo(message, "restarted"));
            }
            return;
        }
        // An initialised backup may have executed more since: it installs nothing, and says again that it has all.
        if (!serving) incoming.add(message.body);
        if (!serving && incoming.isWhole() && !install(message.src)) return;
        node.send(message.src, answerTo(message, "state-transfer-ack")
            .with("chunk", message.body.number("chunk")).with("installed", serving));
    }

    /** Replaces the own state by the transferred one, unless that differs from its digest. */
    private boolean install(String primary) {
        State transferred = incoming.build(state);
        Body digest = incoming.digest();
        incoming = new Incoming();
        if (digest != null && !transferred.digest().equals(digest)) {
            node.report("note", Body.of("text", "the transferred state differs from its digest and is not installed"));
            return false;
        }
        state = transferred;
        serving = true;
        node.report("transfer_installed", Body.of("from", primary, "viewnum", view.viewnum(),
            "executed", state.executed, "keys", state.keys()));
        tellRole();
        return true;
    }

    // ---- between servers

    private Body between(String type, long toIncarnation) {
        return Body.of("type", type, "viewnum", view.viewnum(),
            "fromIncarnation", me.incarnation(), "toIncarnation", toIncarnation);
    }

    private Body answerTo(Message message, String type) {
        return between(type, message.body.number("fromIncarnation"));
    }

    private boolean isOfLaterView(Message message) {
        if (message.body.number("viewnum") <= view.viewnum()) return false;
        sendNotYet(message.src, "", 0);
        meetLaterView(message.body.number("viewnum"));
        return true;
    }

    /** It is of this view, and from the very incarnation that is primary in it. */
    private boolean isFromMyPrimary(Message message) {
        if (message.body.number("viewnum") != view.viewnum()) return false;
        return new Member(message.src, message.body.number("fromIncarnation")).equals(view.primary());
    }

    private boolean isForMe(Message message) {
        return message.body.number("toIncarnation") == me.incarnation();
    }

    /** The backup whose ack this is; null if it is of another view, or of another incarnation of either. */
    private Backup backupOf(Message message) {
        Backup backup = backups.get(message.src);
        if (backup == null || message.body.number("viewnum") != view.viewnum() || !isForMe(message)) return null;
        return message.body.number("fromIncarnation") == backup.incarnation ? backup : null;
    }

    // ---- reports

    private void tellRole() {
        String now = role + " " + view.viewnum() + " " + serving;
        if (now.equals(toldRole)) return;
        toldRole = now;
        node.report("role", Body.of("role", role, "viewnum", view.viewnum(), "serving", serving));
    }

    private void tellState() {
        if (!state.hasChanged) return;
        state.hasChanged = false;
        node.report("state", Body.of("state", state.report()));
    }
}

/** What every copy has: the store, the at-most-once table, and the number of the last executed operation. */
final class State {
    /** A store with more keys or bytes is not told: that would cost more than the step. So it is with the table. */
    private static final int TOLD_MAX = 200;
    private static final int TOLD_BYTES_MAX = 32 << 10;
    private static final int VALUE_BYTES_MAX = 8 << 20;

    long executed;
    boolean hasChanged = true;
    private final Map<String, String> store = new LinkedHashMap<>();
    /** By client, in order of execution. */
    private final Map<String, Row> table = new LinkedHashMap<>();
    private final long clientsMax;

    State(long clientsMax) {
        this.clientsMax = clientsMax;
    }

    /** An empty state with the same limit. */
    State fresh() {
        return new State(clientsMax);
    }

    int keys() {
        return store.size();
    }

    Row row(String clientId) {
        return table.get(clientId);
    }

    // ---- execution

    /** Takes the next operation in order. It uses up its number even if the table knows it: then it has no effect. */
    boolean execute(Body operation, long viewnum) {
        executed++;
        hasChanged = true;
        String clientId = operation.text("clientId");
        long requestId = operation.number("requestId");
        Row before = table.get(clientId);
        if (before != null && before.requestId() >= requestId) return false;
        add(new Row(clientId, requestId, apply(operation.body("operation")), executed, viewnum));
        return true;
    }

    /** The newest row is the last; where there are too many, the client leaves that executed longest ago. */
    private void add(Row row) {
        table.remove(row.clientId());
        table.put(row.clientId(), row);
        if (table.size() > clientsMax) table.remove(table.keySet().iterator().next());
    }

    /** Carries one operation out on the store. */
    Body apply(Body operation) {
        String key = Bytes.of(operation.text("key"));
        String held = store.get(key);
        switch (operation.type()) {
            case "get": return held == null ? Body.of("type", "missing") : valueOf(held);
            case "put": return write(key, Bytes.of(operation.text("value")));
            case "append": return write(key, (held == null ? "" : held) + Bytes.of(operation.text("value")));
            case "delete": return Body.of("type", store.remove(key) == null ? "missing" : "done");
            case "cas": return compareAndSwap(key, held, operation);
            default: throw new IllegalArgumentException("no operation: " + operation.type());
        }
    }

    private Body compareAndSwap(String key, String held, Body operation) {
        String expected = operation.text("expected");
        // No expected value asks that the key be missing, which is not the same as empty.
        boolean matches = expected == null ? held == null : Bytes.of(expected).equals(held);
        if (matches) return write(key, Bytes.of(operation.text("value")));
        return Body.of("type", "mismatch", "actual", held == null ? null : Bytes.text(held));
    }

    private Body write(String key, String value) {
        if (value.length() > VALUE_BYTES_MAX) return Body.of("type", "too-large");
        store.put(key, value);
        return Body.of("type", "done");
    }

    private static Body valueOf(String bytes) {
        return Body.of("type", "value", "value", Bytes.text(bytes));
    }

    // ---- as chunks

    /** The whole state in chunks of about so many bytes; the last has the digest. There is always one. */
    List<Body> cut(long chunkBytes) {
        List<Body> chunks = new ArrayList<>();
        long free = 0;
        for (Map.Entry<String, String> entry : store.entrySet()) {
            int size = entry.getKey().length() + entry.getValue().length();
            free = makeRoom(chunks, free, size, chunkBytes);
            addTo(chunks, "entries", Body.of("key", Bytes.text(entry.getKey()), "value", Bytes.text(entry.getValue())));
        }
        for (Row row : table.values()) {
            free = makeRoom(chunks, free, row.size(), chunkBytes);
            addTo(chunks, "rows", row.json());
        }
        if (chunks.isEmpty()) makeRoom(chunks, 0, 1, chunkBytes);
        Body last = chunks.get(chunks.size() - 1);
        last.put("last", true);
        last.put("digest", digest());
        return chunks;
    }

    /** Begins another chunk if this much does not fit the last one; something too large for any has its own. */
    private long makeRoom(List<Body> chunks, long free, int size, long chunkBytes) {
        if (size <= free) return free - size;
        chunks.add(Body.of("chunk", chunks.size(), "last", false, "executed", executed,
            "entries", new ArrayList<Body>(), "rows", new ArrayList<Body>()));
        return chunkBytes - size;
    }

    @SuppressWarnings("unchecked")
    private static void addTo(List<Body> chunks, String field, Body item) {
        ((List<Body>) chunks.get(chunks.size() - 1).get(field)).add(item);
    }

    /** Takes in a part of a transferred state. */
    void take(Body chunk) {
        executed = chunk.number("executed");
        for (Body entry : chunk.bodies("entries")) {
            store.put(Bytes.of(entry.text("key")), Bytes.of(entry.text("value")));
        }
        for (Body row : chunk.bodies("rows")) add(Row.of(row));
    }

    // ---- as digest: docs/wire-protocol.md says how it is counted

    Body digest() {
        int hash = 0;
        for (Map.Entry<String, String> entry : store.entrySet()) {
            hash += Hash.finish(Hash.fold(Hash.fnv(entry.getKey()), entry.getValue()), entry.getValue().length());
        }
        long seqBefore = 0;
        for (Row row : table.values()) {
            hash += row.hash(seqBefore);
            seqBefore = row.seq();
        }
        return Body.of("keys", (long) store.size(), "rows", (long) table.size(), "hash", Integer.toUnsignedLong(hash));
    }

    // ---- as report

    Body report() {
        Body report = Body.of("executed", executed);
        long storeBytes = 0;
        for (Map.Entry<String, String> entry : store.entrySet()) {
            storeBytes += entry.getKey().length() + entry.getValue().length();
        }
        if (store.size() <= TOLD_MAX && storeBytes <= TOLD_BYTES_MAX) {
            Body told = new Body();
            store.forEach((key, value) -> told.put(Bytes.text(key), Bytes.text(value)));
            report.put("store", told);
        }
        long tableBytes = table.values().stream().mapToLong(Row::size).sum();
        if (table.size() <= TOLD_MAX && tableBytes <= TOLD_BYTES_MAX) {
            report.put("table", table.values().stream().map(Row::json).toList());
        }
        return report;
    }
}

/**
 * A row of the at-most-once table: the last request of a client that was executed, with its result, its number, and
 * the view in which it was executed.
 */
record Row(String clientId, long requestId, Body result, long seq, long viewnum) {
    private static final List<String> RESULTS = List.of("done", "value", "missing", "mismatch", "too-large");

    static Row of(Body row) {
        return new Row(row.text("clientId"), row.number("requestId"), row.body("result"), row.number("seq"),
            row.number("viewnum"));
    }

    Body json() {
        return Body.of("clientId", clientId, "requestId", requestId, "result", result, "seq", seq, "viewnum", viewnum);
    }

    /** About how many bytes it takes in a chunk. */
    int size() {
        String value = value();
        return 32 + clientId.length() + (value == null ? 0 : value.length());
    }

    /** The bytes that the result holds; null where it holds none. */
    private String value() {
        String text = result.text(result.type().equals("mismatch") ? "actual" : "value");
        return text == null ? null : Bytes.of(text);
    }

    int hash(long seqBefore) {
        int hash = Hash.number(Hash.number(Hash.fnv(clientId), requestId), seq);
        int type = RESULTS.indexOf(result.type()) + 1;
        hash = Hash.word(Hash.number(Hash.word(hash, (int) viewnum), seqBefore), type);
        String value = value();
        return value == null ? Hash.finish(hash, 0) : Hash.finish(Hash.fold(hash, value), value.length());
    }
}

/** The parts of the digest. Arithmetic of `int` keeps 32 bits by itself. */
final class Hash {
    private static final int PRIME = 0x01000193;

    private Hash() { }

    static int fnv(String bytes) {
        int hash = 0x811c9dc5;
        for (int at = 0; at < bytes.length(); at++) hash = (hash ^ bytes.charAt(at)) * PRIME;
        return hash;
    }

    static int word(int hash, int value) {
        return Integer.rotateLeft((hash ^ value) * PRIME, 13);
    }

    static int number(int hash, long value) {
        return word(word(hash, (int) value), (int) (value >>> 32));
    }

    /** Four bytes at a time, the lowest first, the last filled up with zeros. */
    static int fold(int hash, String bytes) {
        for (int at = 0; at < bytes.length(); at += 4) {
            int four = 0;
            for (int i = at; i < Math.min(at + 4, bytes.length()); i++) four |= bytes.charAt(i) << 8 * (i - at);
            hash = word(hash, four);
        }
        return hash;
    }

    static int finish(int hash, int length) {
        hash ^= length;
        hash = (hash ^ hash >>> 16) * 0x85ebca6b;
        hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
        return hash ^ hash >>> 16;
    }
}

/**
 * Keys and values are bytes. Here they are strings with one character for each byte, because Java compares, joins and
 * hashes strings by itself. On a line they are text, or "base64:" and base64 where the bytes are no plain text.
 */
final class Bytes {
    private static final String MARK = "base64:";

    private Bytes() { }

    static String of(String text) {
        byte[] bytes = text.startsWith(MARK)
            ? Base64.getDecoder().decode(text.substring(MARK.length()))
            : text.getBytes(StandardCharsets.UTF_8);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static String text(String bytes) {
        byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
        try {
            // A new decoder refuses what is no UTF-8, where the constructor of String would replace it.
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
            if (!text.startsWith(MARK) && text.chars().noneMatch(Character::isISOControl)) return text;
        } catch (CharacterCodingException noText) {
            // Then it is base64.
        }
        return MARK + Base64.getEncoder().encodeToString(raw);
    }
}

/** A server is a name and an incarnation: a process that started later is another server. */
record Member(String name, long incarnation) {
    static Member of(Body member) {
        return member == null ? null : new Member(member.text("name"), member.number("incarnation"));
    }
}

/** A numbered decision of the view server: which server is primary, and which are backups. */
record View(long viewnum, Member primary, List<Member> backups) {
    static final View NONE = new View(0, null, List.of());

    static View of(Body view) {
        return new View(view.number("viewnum"), Member.of(view.body("primary")),
            view.bodies("backups").stream().map(Member::of).toList());
    }

    /** By name alone: a backup that restarted before the view is acked counts in its new incarnation. */
    boolean hasBackup(String name) {
        return backups.stream().anyMatch(backup -> backup.name().equals(name));
    }
}

/** What a client asks, and who is to hear the answer. */
final class Request {
    /** Besides the first sender, only the newest are answered. */
    private static final int NEWEST_SENDERS = 3;

    final String clientId;
    final long requestId;
    /** The view that the client believed in when it asked. */
    final long viewnum;
    final Body operation;
    final List<String> senders = new ArrayList<>();
    /** 0 until the primary has numbered it. */
    long seq;

    Request(Message message) {
        clientId = message.body.text("clientId");
        requestId = message.body.number("requestId");
        viewnum = message.body.number("viewnum");
        operation = message.body.body("operation");
        senders.add(message.src);
    }

    /** Everybody who sent it is answered once. */
    void addSenders(Request copy) {
        for (String sender : copy.senders) {
            if (sender.equals(senders.get(0))) continue;
            senders.remove(sender);
            senders.add(sender);
            if (senders.size() > 1 + NEWEST_SENDERS) senders.remove(1);
        }
    }

    /** What a forward carries of it. */
    Body json() {
        return Body.of("clientId", clientId, "requestId", requestId, "operation", operation);
    }
}

/** What a primary knows of one of its backups. */
final class Backup {
    final String name;
    /** Changes if the backup restarts before it has the state. */
    long incarnation;
    /** Null once it has the state. */
    Transfer transfer;
    /** The numbers of the last forward that it acked, and of the last that was sent. */
    long acked;
    long sent;
    /** A retry has sent what may be lost up to the first, and is to send it up to the second. */
    long resentTo;
    long lostTo;
    boolean retryIsSet;
    /** How many `retryMs` the timer waits. */
    long waits = 1;
    /** Counts how often the timer was set, to know what was sent before that. */
    long round;
    boolean resentAfterLoss;

    Backup(Member member) {
        name = member.name();
        incarnation = member.incarnation();
    }

    Body json() {
        return Body.of("name", name, "incarnation", incarnation);
    }
}

/** How far the state of the primary has got on its way to one backup. */
final class Transfer {
    final List<Body> chunks;
    /** The first chunk that has not been sent. */
    int next;
    int highestAcked = -1;
    /** By number: in which round of the timer the chunk was sent. */
    final TreeMap<Integer, Long> unacked = new TreeMap<>();
    /** A whole wait has passed in which nothing seemed lost. */
    boolean hasWaited;

    Transfer(List<Body> chunks) {
        this.chunks = chunks;
    }
}

/** The chunks that a backup has got, in whatever order. They lie beside its state until all are there. */
final class Incoming {
    private final TreeMap<Long, Body> chunks = new TreeMap<>();
    private Body last;

    void add(Body chunk) {
        chunks.put(chunk.number("chunk"), chunk);
        if (chunk.flag("last")) last = chunk;
    }

    boolean isWhole() {
        return last != null && chunks.size() == last.number("chunk") + 1;
    }

    /** In the order of their numbers, so that the table's rows keep theirs. */
    State build(State limits) {
        State built = limits.fresh();
        for (Body chunk : chunks.values()) built.take(chunk);
        return built;
    }

    /** Null where the primary sends none. */
    Body digest() {
        return last.body("digest");
    }
}
