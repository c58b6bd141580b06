//! Answers every echo with what it was sent: the smallest node.
//!
//!     rustc --edition 2021 -O -o echo echo.rs
//!     understudy test --bin ./echo -w echo --node-count 3
mod node;

use node::{object, Levels, Message, Node, Program, RpcError};

struct Echo {
    echoes: u64,
}

impl Program for Echo {
    fn message(&mut self, node: &mut Node<Echo>, message: &Message) -> Result<(), RpcError> {
        if message.kind() != "echo" {
            return Err(RpcError::unknown(message));
        }
        self.echoes += 1;
        node.report("state", object([("state", object([("echoes", self.echoes.into())]))]));
        node.reply(message, object([("type", "echo_ok".into()), ("echo", message.body["echo"].clone())]));
        Ok(())
    }
}

fn main() {
    node::run(Levels { steps: true, timers: true, reports: true }, Echo { echoes: 0 });
}
