// A node for Understudy, and for Maelstrom, in one file without dependencies. docs/node-protocol.md describes the
// lines.
//
//   Node node = new Node("steps", "timers", "reports");
//   node.on("echo", message ->
//       node.reply(message, Body.of("type", "echo_ok", "echo", message.body.get("echo"))));
//   node.run();
//
// Copy this file beside your program, and compile and run both with Java 17 or later:
//
//   javac -d out *.java
//   java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp out Echo
//
// The two options make a small program start faster.
// What the constructor is given decides the level: nothing is a plain Maelstrom node. With "steps" the lab knows the
// cause of every message. With "timers" the lab owns the clock, so that a freeze is exact and a run can be repeated.
// With "reports" it shows the state.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Timer;
import java.util.TimerTask;
import java.util.function.Consumer;

public final class Node {
    /** What a program does with a message. What it throws is answered as an error. */
    interface Handler {
        void handle(Message message) throws Exception;
    }

    /** This node's name, and the names of all servers: known from the init on. */
    String id = "";
    List<String> ids = List.of();
    /** What the lab says beside: kind, incarnation, seed, settings, nodes, data; null where there is no lab. */
    Body lab;

    private final List<String> levels;
    private final Map<String, Handler> handlers = new HashMap<>();
    private final Map<Long, Consumer<Body>> answers = new HashMap<>();
    private final Map<String, Runnable> timers = new HashMap<>();
    private final StringBuilder out = new StringBuilder();
    private final PrintStream stdout = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    /** This process's own clock, which is started only where the lab has none to offer. */
    private Timer clock;
    private long lastId;
    private boolean inStep;
    private boolean stopping;

    /** Takes any of "steps", "timers" and "reports"; each needs the one before it. */
    Node(String... levels) {
        this.levels = List.of(levels);
    }

    /** The handler is called with each message of this type. */
    void on(String type, Handler handler) {
        handlers.put(type, handler);
    }

    void send(String dest, Body body) {
        out.append(Json.write(Body.of("src", id, "dest", dest, "body", body))).append('\n');
        // With steps, a step's lines leave together with its end.
        if (!inStep) flush();
    }

    void reply(Message message, Body body) {
        send(message.src, body.with("in_reply_to", message.body.get("msg_id")));
    }

    /** Sends a request; `onAnswer` is called with the body of its answer, also of one of type "error". */
    void rpc(String dest, Body body, Consumer<Body> onAnswer) {
        lastId++;
        answers.put(lastId, onAnswer);
        send(dest, body.with("msg_id", lastId));
    }

    /** The program ends as soon as everything that this step says has been written. */
    void stop() {
        stopping = true;
    }

    // ---- cooperation with the lab

    /** Calls the handler once, in `ms` milliseconds, unless the timer is set again or cancelled before. */
    void timer(String name, long ms, Runnable handler) {
        if (cooperates("timers")) {
            timers.put(name, handler);
            send("lab", Body.of("type", "set_timer", "name", name, "ms", ms));
        } else setOwnTimer(name, ms, handler);
    }

    void cancel(String name) {
        boolean wasSet = timers.remove(name) != null;
        // A timer of the own clock finds itself replaced or gone when it fires, so it needs no more than that.
        if (wasSet && cooperates("timers")) send("lab", Body.of("type", "cancel_timer", "name", name));
    }

    /** Tells the lab something: `report("note", Body.of("text", "hello"))`. */
    void report(String type, Body fields) {
        if (!cooperates("reports")) return;
        Body body = Body.of("type", type);
        body.putAll(fields);
        send("lab", body);
    }

    private boolean cooperates(String level) {
        return lab != null && levels.contains(level);
    }

    private void setOwnTimer(String name, long ms, Runnable handler) {
        if (clock == null) clock = new Timer(true);
        TimerTask task = new TimerTask() {
            @Override public void run() {
                fire(name, this, handler);
            }
        };
        timers.put(name, task);
        clock.schedule(task, ms);
    }

    /** The own clock runs in another thread; the lock keeps it apart from messages. */
    private synchronized void fire(String name, TimerTask task, Runnable handler) {
        if (!timers.remove(name, task)) return;
        try {
            handler.run();
        } catch (RuntimeException error) {
            error.printStackTrace();
        }
        if (stopping) System.exit(0);
    }

    // ---- lines

    /** Reads standard input until it ends. */
    void run() {
        try (var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) take(new Message(line));
        } catch (IOException error) {
            error.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    private synchronized void take(Message message) {
        if (message.body.type().equals("init")) begin(message.body);
        inStep = cooperates("steps");
        try {
            handle(message);
        } catch (Exception error) {
            // A handler's own fault is an answer, and no end of the node.
            complain(message, error);
        }
        if (inStep) {
            send("lab", Body.of("type", "done", "step", message.step));
            inStep = false;
            flush();
        }
        if (stopping) System.exit(0);
    }

    private void begin(Body init) {
        id = init.text("node_id");
        ids = init.list("node_ids").stream().map(name -> (String) name).toList();
        lab = init.body("lab");
    }

    private void handle(Message message) throws Exception {
        Body body = message.body;
        String type = body.type();
        boolean fromLab = message.src.equals("lab");
        if (type.equals("init")) reply(message, initOk());
        if (fromLab && type.equals("timer")) {
            Runnable handler = timers.remove(body.text("name"));
            if (handler != null) handler.run();
            return;
        }
        boolean isAnswer = body.get("in_reply_to") != null;
        Consumer<Body> onAnswer = isAnswer ? answers.remove(body.number("in_reply_to")) : null;
        if (onAnswer != null) {
            onAnswer.accept(body);
            return;
        }
        Handler handler = handlers.get(type);
        if (handler != null) handler.handle(message);
        // A late answer, or a message of the lab that this node does not need, is nothing to complain about.
        else if (!type.equals("init") && !isAnswer && !fromLab) throw new RPCError(10, "not known here: " + type);
    }

    private Body initOk() {
        Body body = Body.of("type", "init_ok");
        if (lab == null) return body;
        Body offered = new Body();
        for (String level : levels) offered.put(level, true);
        return body.with("lab", offered);
    }

    private void complain(Message message, Exception error) {
        if (message.body.get("msg_id") == null) {
            error.printStackTrace();
            return;
        }
        int code = error instanceof RPCError ? ((RPCError) error).code : 13;
        reply(message, Body.of("type", "error", "code", code, "text", String.valueOf(error.getMessage())));
    }

    private void flush() {
        stdout.print(out);
        stdout.flush();
        out.setLength(0);
    }
}

/** A line that came in. */
final class Message {
    final String src;
    final String dest;
    final Body body;
    /** The number of the step that this line begins; null where the lab counts no steps. */
    final Object step;

    Message(String line) {
        Body fields = (Body) Json.read(line);
        src = fields.text("src");
        dest = fields.text("dest");
        body = fields.body("body");
        step = fields.get("step");
    }
}

/** Thrown by a handler to answer with an error. The codes are Maelstrom's: 20 means that a key does not exist. */
final class RPCError extends Exception {
    private static final long serialVersionUID = 1;
    final int code;

    RPCError(int code, String text) {
        super(text);
        this.code = code;
    }
}

/** A JSON object. Its fields keep their order. */
final class Body extends LinkedHashMap<String, Object> {
    private static final long serialVersionUID = 1;

    /** `Body.of("type", "read", "key", 7)` */
    static Body of(Object... namesAndValues) {
        Body body = new Body();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            body.put((String) namesAndValues[at], namesAndValues[at + 1]);
        }
        return body;
    }

    /** A copy that has this field too. */
    Body with(String name, Object value) {
        Body copy = without(name);
        copy.put(name, value);
        return copy;
    }

    /** A copy that lacks this field. */
    Body without(String name) {
        Body copy = new Body();
        copy.putAll(this);
        copy.remove(name);
        return copy;
    }

    String type() {
        return text("type");
    }

    String text(String name) {
        return (String) get(name);
    }

    /** A number without a fraction. */
    long number(String name) {
        return ((Number) get(name)).longValue();
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(get(name));
    }

    Body body(String name) {
        return (Body) get(name);
    }

    List<?> list(String name) {
        return (List<?>) get(name);
    }

    /** A list of objects; empty if the field is missing. */
    List<Body> bodies(String name) {
        List<Body> bodies = new ArrayList<>();
        if (get(name) != null) for (Object item : list(name)) bodies.add((Body) item);
        return bodies;
    }
}

/** Reads and writes JSON: objects as Body, lists as List, whole numbers as Long, other numbers as BigDecimal. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        Json reader = new Json(text);
        Object value = reader.value();
        reader.skipSpace();
        if (reader.at < text.length()) throw reader.wrong();
        return value;
    }

    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    // ---- reading

    private Object value() {
        skipSpace();
        switch (peek()) {
            case '{': return object();
            case '[': return list();
            case '"': return string();
            case 't': return word("true", true);
            case 'f': return word("false", false);
            case 'n': return word("null", null);
            default: return number();
        }
    }

    private Body object() {
        Body body = new Body();
        at++;
        if (takes('}')) return body;
        do {
            skipSpace();
            String name = string();
            if (!takes(':')) throw wrong();
            body.put(name, value());
        } while (takes(','));
        if (!takes('}')) throw wrong();
        return body;
    }

    private List<Object> list() {
        List<Object> items = new ArrayList<>();
        at++;
        if (takes(']')) return items;
        do items.add(value()); while (takes(','));
        if (!takes(']')) throw wrong();
        return items;
    }

    private String string() {
        if (peek() != '"') throw wrong();
        int start = ++at;
        while (peek() != '"' && peek() != '\\') at++;
        // Most strings have no escape and are a piece of the line.
        if (peek() == '"') return text.substring(start, at++);
        StringBuilder out = new StringBuilder(text.substring(start, at));
        for (; peek() != '"'; at++) out.append(peek() == '\\' ? escaped() : peek());
        at++;
        return out.toString();
    }

    /** Ends on the last character of the escape. */
    private char escaped() {
        at++;
        char kind = peek();
        switch (kind) {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'b': return '\b';
            case 'f': return '\f';
            case 'u':
                at += 4;
                peek();
                return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
            default: return kind;
        }
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        if (start == at) throw wrong();
        String digits = text.substring(start, at);
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException tooLongOrNotWhole) {
            return new BigDecimal(digits);
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw wrong();
        at += word.length();
        return value;
    }

    private char peek() {
        if (at >= text.length()) throw wrong();
        return text.charAt(at);
    }

    private boolean takes(char expected) {
        skipSpace();
        if (peek() != expected) return false;
        at++;
        return true;
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) <= ' ') at++;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON at character " + at);
    }

    // ---- writing

    private static void write(StringBuilder out, Object value) {
        if (value instanceof Map) writeObject(out, (Map<?, ?>) value);
        else if (value instanceof Iterable) writeList(out, (Iterable<?>) value);
        else if (value instanceof String) writeString(out, (String) value);
        else out.append(value);
    }

    private static void writeObject(StringBuilder out, Map<?, ?> fields) {
        String between = "{";
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            out.append(between);
            writeString(out, (String) field.getKey());
            out.append(':');
            write(out, field.getValue());
            between = ",";
        }
        out.append(fields.isEmpty() ? "{}" : "}");
    }

    private static void writeList(StringBuilder out, Iterable<?> items) {
        out.append('[');
        String between = "";
        for (Object item : items) {
            out.append(between);
            write(out, item);
            between = ",";
        }
        out.append(']');
    }

    private static void writeString(StringBuilder out, String string) {
        out.append('"');
        for (int at = 0; at < string.length(); at++) {
            char character = string.charAt(at);
            if (character == '"' || character == '\\') out.append('\\').append(character);
            else if (character < ' ' || isHalf(string, at)) out.append(String.format("\\u%04x", (int) character));
            else out.append(character);
        }
        out.append('"');
    }

    /** Half of a surrogate pair has no form in UTF-8, so it is written as an escape. */
    private static boolean isHalf(String string, int at) {
        char character = string.charAt(at);
        if (!Character.isSurrogate(character)) return false;
        int other = Character.isHighSurrogate(character) ? at + 1 : at - 1;
        if (other < 0 || other >= string.length()) return true;
        return !Character.isSurrogatePair(string.charAt(Math.min(at, other)), string.charAt(Math.max(at, other)));
    }
}
