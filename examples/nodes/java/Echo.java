// Answers every echo with what it was sent: the smallest node.
//
//   javac -d out *.java
//   understudy test --bin "java -cp out Echo" -w echo

public final class Echo {
    private static int echoes;

    public static void main(String[] args) {
        Node node = new Node("steps", "timers", "reports");
        node.on("echo", message -> {
            node.report("state", Body.of("state", Body.of("echoes", ++echoes)));
            node.reply(message, Body.of("type", "echo_ok", "echo", message.body.get("echo")));
        });
        node.run();
    }
}
