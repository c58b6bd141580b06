// A linearizable store on every node, by asking the lab's service `lin-kv` for each operation. The node itself
// remembers nothing.
//
//   javac -d out *.java
//   understudy test --bin "java -cp out LinKv" -w lin-kv

public final class LinKv {
    public static void main(String[] args) {
        Node node = new Node("steps", "timers", "reports");
        for (String type : new String[] {"read", "write", "cas"}) {
            // An error of the service, such as a key that does not exist, is the answer too.
            node.on(type, message -> node.rpc("lin-kv", message.body.without("msg_id"),
                answer -> node.reply(message, answer.without("in_reply_to"))));
        }
        node.run();
    }
}
