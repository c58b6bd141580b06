//! A node for Understudy, and for Maelstrom, in one file without dependencies. docs/node-protocol.md has the lines.
//!
//! Copy this file beside a program, which says `mod node;` and implements `Program`:
//!
//! ```text
//! impl Program for Echo {
//!     fn message(&mut self, node: &mut Node<Echo>, message: &Message) -> Result<(), RpcError> {
//!         node.reply(message, object([("type", "echo_ok".into()), ("echo", message.body["echo"].clone())]));
//!         Ok(())
//!     }
//! }
//! fn main() {
//!     node::run(Levels { steps: true, timers: true, reports: true }, Echo);
//! }
//! ```
//!
//! Compile the program with `rustc --edition 2021 -O -o echo echo.rs`.
//!
//! The levels: nothing is a plain Maelstrom node. With `steps` the lab knows the cause of every message. With `timers`
//! the lab owns the clock, so that a freeze is exact and a run can be repeated. With `reports` it shows the state.

// A program uses what it needs of this file.
#![allow(dead_code)]

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

// ---- what a program implements

/// The three ways to cooperate with the lab. Each needs the one before it.
#[derive(Clone, Copy, Default)]
pub struct Levels {
    pub steps: bool,
    pub timers: bool,
    pub reports: bool,
}

/// What a node does. Every method runs in a step of its own, and one step runs at a time.
pub trait Program: Sized {
    /// The init was answered: the node knows its name and what the lab says.
    fn init(&mut self, _node: &mut Node<Self>) {}

    /// A message has come. An error that is returned here is the answer to it.
    fn message(&mut self, node: &mut Node<Self>, message: &Message) -> Result<(), RpcError>;

    /// A timer that was set with `Node::timer` has fired.
    fn timer(&mut self, _node: &mut Node<Self>, _name: &str) {}

    /// The connection to another node has ended. That proves nothing about the node.
    fn peer_lost(&mut self, _node: &mut Node<Self>, _peer: &str) {}

    /// The last call of every step: the place to report what the step changed.
    fn step_ends(&mut self, _node: &mut Node<Self>) {}
}

/// A line from another node, or from the lab.
#[derive(Clone)]
pub struct Message {
    pub src: String,
    pub body: Json,
    /// The number that ends the step with the lab.
    step: Option<u64>,
}

impl Message {
    pub fn kind(&self) -> &str {
        self.body["type"].text()
    }
}

/// An answer of type "error". The codes are Maelstrom's: 20 means that a key does not exist, 22 that a compare-and-swap
/// did not match.
pub struct RpcError {
    pub code: u64,
    pub text: String,
}

impl RpcError {
    pub fn new(code: u64, text: &str) -> RpcError {
        RpcError { code, text: text.to_string() }
    }

    /// The answer to a message that a program does not know.
    pub fn unknown(message: &Message) -> RpcError {
        RpcError { code: 10, text: format!("this node does not know {}", message.kind()) }
    }
}

// ---- the node

type OnAnswer<P> = Box<dyn FnOnce(&mut P, &mut Node<P>, &Json)>;

/// The program's side of standard input and output.
pub struct Node<P> {
    /// This node's name, and the names of all servers: known from the init on.
    pub id: String,
    pub ids: Vec<String>,
    /// What the lab says beside: `kind`, `incarnation`, `seed`, `settings`, `nodes`; null where there is no lab.
    pub lab: Json,
    levels: Levels,
    answers: HashMap<u64, OnAnswer<P>>,
    last_id: u64,
    /// The timers that are set. Without a lab each has the time at which this process fires it.
    timers: HashMap<String, Option<Instant>>,
    out: String,
    in_step: bool,
    ended: bool,
}

impl<P: Program> Node<P> {
    pub fn send(&mut self, dest: &str, body: Json) {
        let line = object([("src", self.id.as_str().into()), ("dest", dest.into()), ("body", body)]);
        // Writing to a String never fails.
        let _ = writeln!(self.out, "{}", line);
        // With steps, a step's lines leave together with its end.
        if !self.in_step {
            self.flush();
        }
    }

    pub fn reply(&mut self, message: &Message, body: Json) {
        self.send(&message.src, body.with("in_reply_to", message.body["msg_id"].clone()));
    }

    /// Sends a request. `on_answer` is called with the body of its answer, also of one of type "error".
    pub fn rpc<F>(&mut self, dest: &str, body: Json, on_answer: F)
    where
        F: FnOnce(&mut P, &mut Node<P>, &Json) + 'static,
    {
        self.last_id += 1;
        self.answers.insert(self.last_id, Box::new(on_answer));
        self.send(dest, body.with("msg_id", self.last_id.into()));
    }

    /// Calls `Program::timer` once, in `ms` milliseconds, unless the timer is set again or cancelled before.
    pub fn timer(&mut self, name: &str, ms: u64) {
        if self.lab_owns_the_clock() {
            self.timers.insert(name.to_string(), None);
            self.tell("set_timer", object([("name", name.into()), ("ms", ms.into())]));
        } else {
            self.timers.insert(name.to_string(), Some(Instant::now() + Duration::from_millis(ms)));
        }
    }

    pub fn cancel(&mut self, name: &str) {
        if self.timers.remove(name).is_some() && self.lab_owns_the_clock() {
            self.tell("cancel_timer", object([("name", name.into())]));
        }
    }

    /// Tells people and judges something: `report("note", object([("text", "became leader".into())]))`.
    pub fn report(&mut self, kind: &str, fields: Json) {
        if !self.lab.is_null() && self.levels.reports {
            self.tell(kind, fields);
        }
    }

    /// The program ends after this step.
    pub fn end(&mut self) {
        self.ended = true;
    }

    fn tell(&mut self, kind: &str, fields: Json) {
        self.send("lab", fields.with("type", kind.into()));
    }

    fn lab_owns_the_clock(&self) -> bool {
        !self.lab.is_null() && self.levels.timers
    }

    fn flush(&mut self) {
        let mut stdout = io::stdout();
        // Nobody reads any more: there is nothing left to do.
        if stdout.write_all(self.out.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            self.ended = true;
        }
        self.out.clear();
    }

    // ---- lines in

    fn take(&mut self, program: &mut P, line: &str) {
        match parse_message(line) {
            Ok(message) => self.take_message(program, message),
            Err(error) => eprintln!("this line is no message: {}", error),
        }
    }

    fn take_message(&mut self, program: &mut P, message: Message) {
        if message.kind() == "init" {
            self.begin(&message);
        }
        self.in_step = !self.lab.is_null() && self.levels.steps;
        self.handle(program, &message);
        program.step_ends(self);
        if !self.in_step {
            return;
        }
        self.tell("done", object([("step", message.step.unwrap_or(0).into())]));
        self.in_step = false;
        self.flush();
    }

    fn begin(&mut self, message: &Message) {
        self.id = message.body["node_id"].text().to_string();
        self.ids = message.body["node_ids"].list().iter().map(|id| id.text().to_string()).collect();
        self.lab = message.body["lab"].clone();
    }

    fn handle(&mut self, program: &mut P, message: &Message) {
        let from_lab = message.src == "lab";
        match message.kind() {
            "init" => {
                self.reply(message, self.init_ok());
                program.init(self);
            }
            "timer" if from_lab => {
                // A timer that was cancelled while it was on its way counts for nothing.
                if self.timers.remove(message.body["name"].text()).is_some() {
                    program.timer(self, message.body["name"].text());
                }
            }
            "peer_lost" if from_lab => program.peer_lost(self, message.body["peer"].text()),
            _ => self.hand_over(program, message),
        }
    }

    fn init_ok(&self) -> Json {
        let answer = object([("type", "init_ok".into())]);
        if self.lab.is_null() {
            return answer;
        }
        let Levels { steps, timers, reports } = self.levels;
        let levels = object([("steps", steps.into()), ("timers", timers.into()), ("reports", reports.into())]);
        answer.with("lab", levels)
    }

    /// To whoever waits for this answer, or else to the program.
    fn hand_over(&mut self, program: &mut P, message: &Message) {
        let answered = &message.body["in_reply_to"];
        if let Some(on_answer) = self.answers.remove(&answered.count()) {
            return on_answer(program, self, &message.body);
        }
        let error = match program.message(self, message) {
            Ok(()) => return,
            Err(error) => error,
        };
        if !message.body["msg_id"].is_null() {
            let body = object([("type", "error".into()), ("code", error.code.into()), ("text", error.text.into())]);
            self.reply(message, body);
        } else if answered.is_null() && message.src != "lab" {
            // A late answer, or a line of the lab that this node does not need, is nothing to complain about.
            eprintln!("{}", error.text);
        }
    }

    fn run_by_lines(&mut self, program: &mut P) {
        let mut lines = lines_in();
        while !self.ended {
            match lines.next() {
                Some(line) => self.take(program, &line),
                None => return,
            }
        }
    }

    // ---- this process's own clock, where no lab owns it

    fn run_by_own_clock(&mut self, program: &mut P) {
        let lines = lines_of_a_thread();
        while !self.ended {
            match self.next_line(&lines) {
                Ok(line) => self.take(program, &line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.fire_own_timers(program);
        }
    }

    fn next_timer(&self) -> Option<(Instant, String)> {
        self.timers.iter().filter_map(|(name, at)| at.map(|at| (at, name.clone()))).min()
    }

    fn fire_own_timers(&mut self, program: &mut P) {
        while let Some((at, name)) = self.next_timer() {
            if at > Instant::now() || self.ended {
                return;
            }
            self.timers.remove(&name);
            program.timer(self, &name);
            program.step_ends(self);
        }
    }

    fn next_line(&self, lines: &Receiver<String>) -> Result<String, RecvTimeoutError> {
        match self.next_timer() {
            None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((at, _)) => lines.recv_timeout(at.saturating_duration_since(Instant::now())),
        }
    }
}

/// Reads standard input until it ends, or until the program ends itself.
pub fn run<P: Program>(levels: Levels, mut program: P) {
    let mut node = Node {
        id: String::new(),
        ids: Vec::new(),
        lab: Json::Null,
        levels,
        answers: HashMap::new(),
        last_id: 0,
        timers: HashMap::new(),
        out: String::new(),
        in_step: false,
        ended: false,
    };
    // The init says whether there is a lab, and so whose clock counts.
    if let Some(line) = lines_in().next() {
        node.take(&mut program, &line);
    }
    if node.lab_owns_the_clock() {
        node.run_by_lines(&mut program);
    } else {
        node.run_by_own_clock(&mut program);
    }
}

fn lines_in() -> impl Iterator<Item = String> {
    io::stdin().lock().lines().map_while(Result::ok)
}

/// Another thread waits for lines, so that this one can wait for a line or for a timer of its own.
fn lines_of_a_thread() -> Receiver<String> {
    let (sender, lines) = mpsc::sync_channel(1024);
    thread::spawn(move || {
        for line in lines_in() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn parse_message(line: &str) -> Result<Message, String> {
    let mut whole = Json::parse(line)?;
    let step = whole["step"].number();
    Ok(Message { src: whole["src"].text().to_string(), body: whole.take("body"), step })
}

// ---- JSON

/// A JSON value. A number is kept as its text, and an object keeps the order of its fields: what a node passes on is
/// what it got.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

/// `object([("type", "ping".into()), ("viewnum", 3u64.into())])`
pub fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// The readers below give something empty for a value of another kind, and null for a field that is not there.
impl Json {
    pub fn is_null(&self) -> bool {
        *self == Json::Null
    }

    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => "",
        }
    }

    pub fn bool(&self) -> bool {
        *self == Json::Bool(true)
    }

    /// A whole number that is not negative; none if it is no such number.
    pub fn number(&self) -> Option<u64> {
        match self {
            Json::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub fn count(&self) -> u64 {
        self.number().unwrap_or(0)
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(values) => values,
            _ => &[],
        }
    }

    pub fn fields(&self) -> &[(String, Json)] {
        match self {
            Json::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The same object with this field, which replaces one of the same name.
    pub fn with(self, name: &str, value: Json) -> Json {
        let mut fields = match self {
            Json::Object(fields) => fields,
            _ => Vec::new(),
        };
        fields.retain(|(known, _)| known != name);
        fields.push((name.to_string(), value));
        Json::Object(fields)
    }

    /// The same object without this field.
    pub fn without(&self, name: &str) -> Json {
        Json::Object(self.fields().iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// Takes a field out, without a copy of what may be large. Null stays in its place.
    pub fn take(&mut self, name: &str) -> Json {
        match self {
            Json::Object(fields) => match fields.iter_mut().find(|(known, _)| known == name) {
                Some((_, value)) => std::mem::replace(value, Json::Null),
                None => Json::Null,
            },
            _ => Json::Null,
        }
    }

    pub fn parse(text: &str) -> Result<Json, String> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        parser.spaces();
        if parser.at < text.len() {
            return parser.fail("something follows the value");
        }
        Ok(value)
    }
}

impl std::ops::Index<&str> for Json {
    type Output = Json;

    fn index(&self, name: &str) -> &Json {
        self.fields().iter().find(|(known, _)| known == name).map_or(&NULL, |(_, value)| value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_string())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Number(number.to_string())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<Vec<Json>> for Json {
    fn from(values: Vec<Json>) -> Json {
        Json::List(values)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(value) => write!(out, "{}", value),
            Json::Number(digits) => out.write_str(digits),
            Json::Text(text) => write_text(out, text),
            Json::List(values) => write_list(out, values),
            Json::Object(fields) => write_object(out, fields),
        }
    }
}

fn write_list(out: &mut fmt::Formatter, values: &[Json]) -> fmt::Result {
    out.write_char('[')?;
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        write!(out, "{}", value)?;
    }
    out.write_char(']')
}

fn write_object(out: &mut fmt::Formatter, fields: &[(String, Json)]) -> fmt::Result {
    out.write_char('{')?;
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        write_text(out, name)?;
        write!(out, ":{}", value)?;
    }
    out.write_char('}')
}

fn write_text(out: &mut fmt::Formatter, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.write_str(&text[plain..at])?;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            _ => write!(out, "\\u{:04x}", byte)?,
        }
        plain = at + 1;
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

/// The lab nests values at most 100 deep.
const DEPTH_MAX: usize = 200;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{} at byte {}", what, self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes this text, if it is what follows.
    fn takes(&mut self, text: &str) -> bool {
        let follows = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        if follows {
            self.at += text.len();
        }
        follows
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEPTH_MAX {
            return self.fail("the values nest too deep");
        }
        self.spaces();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.takes("null") => Ok(Json::Null),
            _ if self.takes("true") => Ok(Json::Bool(true)),
            _ if self.takes("false") => Ok(Json::Bool(false)),
            _ => self.fail("a value is missing"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut fields = Vec::new();
        self.at += 1;
        self.spaces();
        if self.takes("}") {
            return Ok(Json::Object(fields));
        }
        loop {
            self.spaces();
            if self.peek() != Some(b'"') {
                return self.fail("the name of a field is missing");
            }
            let name = self.string()?;
            self.spaces();
            if !self.takes(":") {
                return self.fail("a colon is missing");
            }
            fields.push((name, self.value(depth + 1)?));
            self.spaces();
            if self.takes("}") {
                return Ok(Json::Object(fields));
            }
            if !self.takes(",") {
                return self.fail("a comma is missing");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        let mut values = Vec::new();
        self.at += 1;
        self.spaces();
        if self.takes("]") {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.spaces();
            if self.takes("]") {
                return Ok(Json::List(values));
            }
            if !self.takes(",") {
                return self.fail("a comma is missing");
            }
        }
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        match digits.parse::<f64>() {
            Ok(_) => Ok(Json::Number(digits.to_string())),
            Err(_) => self.fail("a number is wrong"),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            // What needs no escape is copied in one piece: values may be large.
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\')) {
                self.at += 1;
            }
            text.push_str(&self.text[start..self.at]);
            if self.takes("\"") {
                return Ok(text);
            }
            if !self.takes("\\") {
                return self.fail("a text does not end");
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let letter = self.peek();
        self.at += 1;
        match letter {
            Some(b'n') => Ok('\n'),
            Some(b't') => Ok('\t'),
            Some(b'r') => Ok('\r'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(letter @ (b'"' | b'\\' | b'/')) => Ok(char::from(letter)),
            Some(b'u') => self.unicode(),
            _ => self.fail("an escape is wrong"),
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let mut code = self.hex4()?;
        // A character beyond the first 65,536 is written as a pair.
        if (0xd800..0xdc00).contains(&code) && self.takes("\\u") {
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        // Half a pair is no character; the sign for "unknown" replaces it.
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
        match u32::from_str_radix(digits, 16) {
            Ok(code) if digits.len() == 4 => {
                self.at += 4;
                Ok(code)
            }
            _ => self.fail("four hexadecimal digits are missing"),
        }
    }
}
