//! A linearizable store on every node, by asking the lab's service `lin-kv` for each operation. The node itself
//! remembers nothing.
//!
//!     rustc --edition 2021 -O -o lin_kv lin_kv.rs
//!     understudy test --bin ./lin_kv -w lin-kv --node-count 3
mod node;

use node::{Levels, Message, Node, Program, RpcError};

struct LinKv;

impl Program for LinKv {
    fn message(&mut self, node: &mut Node<LinKv>, message: &Message) -> Result<(), RpcError> {
        if !matches!(message.kind(), "read" | "write" | "cas") {
            return Err(RpcError::unknown(message));
        }
        let asked = message.clone();
        node.rpc("lin-kv", message.body.without("msg_id"), move |_, node, answer| {
            // An error of the service, such as a key that does not exist, is the answer too. The reply has the number
            // of the client's request instead of ours.
            node.reply(&asked, answer.clone());
        });
        Ok(())
    }
}

fn main() {
    node::run(Levels { steps: true, timers: true, reports: true }, LinKv);
}
