// A closed-loop load generator that speaks our wire protocol, Redis's and the two-hop floor's, with one thread and one epoll for all:
// what is compared is the servers, so an operation must cost this client the same whatever it speaks. Every operation writes a value of
// 64 bytes to one of 100,000 keys of 16 bytes, drawn evenly.
//
//   loadgen PROTOCOL ADDRESS CONNECTIONS IN-FLIGHT SECONDS [WARM-SECONDS]
//
// SECONDS 0 writes every key once, in order, and ends. ADDRESS is a path or IPv4:PORT; for `understudy` it is the view server's.
// One line of JSON on standard output; one sentence on standard error and status 1 where it cannot go on.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  KEYS = 100000, KEY_BYTES = 16, VALUE_BYTES = 64,
  CONNECTIONS_MAX = 1000, IN_FLIGHT_MAX = 1000,
  // More than any request of any protocol has.
  REQUEST_BYTES_MAX = 192, INPUT_BYTES = 65536,
  // Latencies are counted by the microsecond; what took longer than four seconds is counted as four.
  LATENCIES = 4000000,
};
static const uint64_t second_ns = 1000000000;

// A request that is under way. A connection has one for each operation in flight; with `redis-setNwait` only one, of many operations.
struct slot {
  uint64_t began_ns;
  uint64_t request_id;
  // The last key that it has written, to write it again if that failed while every key is to be written.
  unsigned key;
  bool is_waiting;
};

struct connection {
  int fd;
  unsigned index;
  struct slot *slots;
  // Where answers come in the order of the requests: the slot whose answer is next.
  unsigned next_slot;
  unsigned lines_seen;
  bool has_failed_line;
  bool waits_for_room;
  uint8_t *output;
  size_t output_bytes;
  size_t input_bytes;
  uint8_t input[INPUT_BYTES];
};

struct protocol {
  const char *name;
  void (*write_request)(struct connection *, unsigned slot);
  // Takes the whole answers that `bytes` begins with; returns how many bytes they had.
  size_t (*read_answers)(struct connection *, const uint8_t *bytes, size_t length, uint64_t now_ns);
};

static const struct protocol *protocol;
static unsigned connection_count, in_flight, slots_each;
static unsigned operations_each = 1, lines_each = 1;
static struct connection *connections;
static uint8_t value[VALUE_BYTES];
static int epoll;

static bool is_filling;
static unsigned keys_filled;
// Not below KEYS: the next key in order, or any.
static unsigned key_again = KEYS;
static unsigned last_key;
static unsigned waiting;
static uint64_t warm_until_ns, ends_at_ns;
static uint64_t operations, operations_total, errors;
static uint32_t *latencies;

static void die(const char *format, ...) {
  va_list parameters;
  va_start(parameters, format);
  vfprintf(stderr, format, parameters);
  va_end(parameters);
  fputc('\n', stderr);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * second_ns + (uint64_t)time.tv_nsec;
}

static uint32_t random_number(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

// ---- bytes

static void write_u32(uint8_t *at, uint32_t number) {
  uint32_t swapped = htonl(number);
  memcpy(at, &swapped, 4);
}

static void write_u64(uint8_t *at, uint64_t number) {
  write_u32(at, (uint32_t)(number >> 32));
  write_u32(at + 4, (uint32_t)number);
}

static uint32_t read_u32(const uint8_t *at) {
  uint32_t number;
  memcpy(&number, at, 4);
  return ntohl(number);
}

static uint16_t read_u16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

static uint64_t read_u64(const uint8_t *at) {
  return (uint64_t)read_u32(at) << 32 | read_u32(at + 4);
}

static void write_digits(uint8_t *at, unsigned digits, unsigned number) {
  for (uint8_t *digit = at + digits; digit > at; number /= 10) *--digit = (uint8_t)('0' + number % 10);
}

static void write_key(uint8_t *at) {
  unsigned key = key_again < KEYS ? key_again : is_filling ? keys_filled++ : (unsigned)((uint64_t)random_number() * KEYS >> 32);
  last_key = key;
  memcpy(at, "key:0000000", KEY_BYTES - 5);
  write_digits(at + KEY_BYTES - 5, 5, key);
}

static uint8_t *reserve(struct connection *connection, size_t bytes) {
  uint8_t *at = connection->output + connection->output_bytes;
  connection->output_bytes += bytes;
  return at;
}

// ---- the loop's side of every protocol

static void ask(struct connection *connection, unsigned slot, uint64_t now_ns) {
  if (is_filling && keys_filled >= KEYS && key_again == KEYS) return;
  connection->slots[slot].began_ns = now_ns;
  connection->slots[slot].is_waiting = true;
  waiting++;
  protocol->write_request(connection, slot);
  connection->slots[slot].key = last_key;
}

// An answer has come. An operation that failed is an error and nothing else; the slot asks again.
static void answered(struct connection *connection, unsigned slot, bool is_done, uint64_t now_ns) {
  connection->slots[slot].is_waiting = false;
  waiting--;
  if (!is_done) {
    errors++;
    if (is_filling) key_again = connection->slots[slot].key;
  } else {
    operations_total += operations_each;
    if (now_ns >= warm_until_ns && now_ns < ends_at_ns) {
      uint64_t microseconds = (now_ns - connection->slots[slot].began_ns) / 1000;
      operations += operations_each;
      latencies[microseconds < LATENCIES ? microseconds : LATENCIES - 1] += operations_each;
    }
  }
  ask(connection, slot, now_ns);
  key_again = KEYS;
}

// ---- Redis: SET, and WAIT 1 0, which answers when one replica has all that this connection has written

static void write_set(struct connection *connection) {
  static const char head[] = "*3\r\n$3\r\nSET\r\n$16\r\n", middle[] = "\r\n$64\r\n";
  uint8_t *at = reserve(connection, sizeof head - 1 + KEY_BYTES + sizeof middle - 1 + VALUE_BYTES + 2);
  memcpy(at, head, sizeof head - 1);
  write_key(at += sizeof head - 1);
  memcpy(at += KEY_BYTES, middle, sizeof middle - 1);
  memcpy(at += sizeof middle - 1, value, VALUE_BYTES);
  memcpy(at + VALUE_BYTES, "\r\n", 2);
}

static void write_wait(struct connection *connection) {
  static const char wait[] = "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n";
  memcpy(reserve(connection, sizeof wait - 1), wait, sizeof wait - 1);
}

static void write_redis_set(struct connection *connection, unsigned slot) {
  (void)slot;
  write_set(connection);
}

static void write_redis_setwait(struct connection *connection, unsigned slot) {
  (void)slot;
  write_set(connection);
  write_wait(connection);
}

static void write_redis_setnwait(struct connection *connection, unsigned slot) {
  (void)slot;
  for (unsigned set = 0; set < operations_each; set++) write_set(connection);
  write_wait(connection);
}

// `+OK` for a SET, `:1` or more for a WAIT; anything else is an error.
static size_t read_redis(struct connection *connection, const uint8_t *bytes, size_t length, uint64_t now_ns) {
  const uint8_t *at = bytes, *end = bytes + length, *line_end;
  for (; (line_end = memchr(at, '\n', (size_t)(end - at))); at = line_end + 1) {
    if (at[0] != '+' && (at[0] != ':' || at[1] == '0')) connection->has_failed_line = true;
    if (++connection->lines_seen < lines_each) continue;
    bool is_done = !connection->has_failed_line;
    connection->lines_seen = 0;
    connection->has_failed_line = false;
    unsigned slot = connection->next_slot;
    connection->next_slot = slot + 1 == slots_each ? 0 : slot + 1;
    answered(connection, slot, is_done, now_ns);
  }
  return (size_t)(at - bytes);
}

// ---- the two-hop floor (floor-node.ts): a length, a number, key and value; answered by a length and the number

enum { FLOOR_REQUEST_BYTES = 4 + 4 + KEY_BYTES + VALUE_BYTES, FLOOR_ANSWER_BYTES = 4 + 4 };

static void write_floor(struct connection *connection, unsigned slot) {
  uint8_t *at = reserve(connection, FLOOR_REQUEST_BYTES);
  write_u32(at, FLOOR_REQUEST_BYTES - 4);
  write_u32(at + 4, slot);
  write_key(at + 8);
  memcpy(at + 8 + KEY_BYTES, value, VALUE_BYTES);
}

static size_t read_floor(struct connection *connection, const uint8_t *bytes, size_t length, uint64_t now_ns) {
  size_t taken = 0;
  for (; length - taken >= FLOOR_ANSWER_BYTES; taken += FLOOR_ANSWER_BYTES) {
    unsigned slot = read_u32(bytes + taken + 4);
    if (read_u32(bytes + taken) != FLOOR_ANSWER_BYTES - 4 || slot >= slots_each) die("The floor answered with a frame that is none.");
    answered(connection, slot, true, now_ns);
  }
  return taken;
}

// ---- Understudy: docs/wire-protocol.md, version 1
// A client id has one operation outstanding, so every slot of every connection is a client: a prefix of its own for each start, and a number.

enum { PREFIX_BYTES = 16, SLOT_DIGITS = 6, CLIENT_ID_BYTES = PREFIX_BYTES + 1 + SLOT_DIGITS };
enum { TYPE_HELLO = 0x00, TYPE_VIEW_REPLY = 0x02, TYPE_GET_VIEW = 0x04, TYPE_REQUEST = 0x10, TYPE_REPLY = 0x11, TYPE_REJECTED = 0x12, TYPE_NOT_YET = 0x13, TYPE_ERROR = 0xff };
enum { PUT = 1, DONE = 1 };
// Offsets in a frame, its length counted.
enum {
  REQUEST_CLIENT_ID = 7, REQUEST_ID = REQUEST_CLIENT_ID + CLIENT_ID_BYTES, REQUEST_VIEWNUM = REQUEST_ID + 8, REQUEST_OPERATION = REQUEST_VIEWNUM + 4,
  REQUEST_KEY = REQUEST_OPERATION + 1 + 4, REQUEST_VALUE = REQUEST_KEY + KEY_BYTES + 4, REQUEST_BYTES = REQUEST_VALUE + VALUE_BYTES,
  REPLY_CLIENT_ID = 7, REPLY_ID = REPLY_CLIENT_ID + CLIENT_ID_BYTES, REPLY_VIEWNUM = REPLY_ID + 8, REPLY_RESULT = REPLY_VIEWNUM + 4 + 8 + 1 + 4,
  REPLY_BYTES = REPLY_RESULT + 1,
};

static uint8_t request_frame[REQUEST_BYTES];
static uint32_t viewnum;

static void prepare_request_frame(void) {
  uint8_t chance[PREFIX_BYTES / 2];
  if (getrandom(chance, sizeof chance, 0) != sizeof chance) die("There is no chance to be had from the system.");
  write_u32(request_frame, REQUEST_BYTES - 4);
  request_frame[4] = TYPE_REQUEST;
  request_frame[6] = CLIENT_ID_BYTES;
  for (unsigned byte = 0; byte < sizeof chance; byte++) sprintf((char *)request_frame + REQUEST_CLIENT_ID + 2 * byte, "%02x", chance[byte]);
  request_frame[REQUEST_CLIENT_ID + PREFIX_BYTES] = '.';
  write_u32(request_frame + REQUEST_VIEWNUM, viewnum);
  request_frame[REQUEST_OPERATION] = PUT;
  write_u32(request_frame + REQUEST_OPERATION + 1, KEY_BYTES);
  write_u32(request_frame + REQUEST_KEY + KEY_BYTES, VALUE_BYTES);
  memcpy(request_frame + REQUEST_VALUE, value, VALUE_BYTES);
}

static void write_understudy(struct connection *connection, unsigned slot) {
  uint8_t *at = reserve(connection, REQUEST_BYTES);
  memcpy(at, request_frame, REQUEST_BYTES);
  write_digits(at + REQUEST_CLIENT_ID + PREFIX_BYTES + 1, SLOT_DIGITS, connection->index * slots_each + slot);
  write_u64(at + REQUEST_ID, ++connection->slots[slot].request_id);
  write_key(at + REQUEST_KEY);
}

// The slot of the client id that a frame carries; none if it is no id of this connection.
static unsigned slot_of(const struct connection *connection, const uint8_t *frame, size_t length) {
  if (length < REPLY_ID + 8 || read_u16(frame + REPLY_CLIENT_ID - 2) != CLIENT_ID_BYTES) return slots_each;
  if (memcmp(frame + REPLY_CLIENT_ID, request_frame + REQUEST_CLIENT_ID, PREFIX_BYTES + 1) != 0) return slots_each;
  unsigned number = 0;
  for (unsigned digit = 0; digit < SLOT_DIGITS; digit++) number = number * 10 + (unsigned)(frame[REPLY_CLIENT_ID + PREFIX_BYTES + 1 + digit] - '0');
  unsigned slot = number - connection->index * slots_each;
  return slot < slots_each ? slot : slots_each;
}

static void take_frame(struct connection *connection, const uint8_t *frame, size_t length, uint64_t now_ns) {
  if (frame[4] == TYPE_ERROR) die("The server closed the connection: %.*s", (int)(length - 9), frame + 9);
  bool is_reply = frame[4] == TYPE_REPLY, is_refused = frame[4] == TYPE_REJECTED || frame[4] == TYPE_NOT_YET;
  unsigned slot = is_reply || is_refused ? slot_of(connection, frame, length) : slots_each;
  // An answer to nothing that was asked.
  if (slot == slots_each || !connection->slots[slot].is_waiting || read_u64(frame + REPLY_ID) != connection->slots[slot].request_id) {
    errors++;
    return;
  }
  bool is_done = is_reply && length == REPLY_BYTES && frame[REPLY_RESULT] == DONE && read_u32(frame + REPLY_VIEWNUM) == viewnum;
  answered(connection, slot, is_done, now_ns);
}

static size_t read_understudy(struct connection *connection, const uint8_t *bytes, size_t length, uint64_t now_ns) {
  size_t taken = 0;
  while (length - taken >= 5) {
    size_t frame_bytes = 4 + (size_t)read_u32(bytes + taken);
    if (frame_bytes < 5 || frame_bytes > INPUT_BYTES) die("The server sent a frame of %zu bytes.", frame_bytes);
    if (length - taken < frame_bytes) break;
    take_frame(connection, bytes + taken, frame_bytes, now_ns);
    taken += frame_bytes;
  }
  return taken;
}

static void send_all(int fd, const void *bytes, size_t length) {
  if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) die("A server did not take the greeting: %s.", strerror(errno));
}

static void receive_all(int fd, uint8_t *bytes, size_t length) {
  for (size_t received = 0; received < length;) {
    ssize_t count = recv(fd, bytes + received, length - received, 0);
    if (count <= 0) die("A server did not greet: %s.", count == 0 ? "it closed the connection" : strerror(errno));
    received += (size_t)count;
  }
}

// Reads one frame without its length, while the socket still blocks; bounded by the socket's own patience.
static size_t receive_frame(int fd, uint8_t *frame, size_t frame_bytes_max) {
  uint8_t length[4];
  receive_all(fd, length, 4);
  size_t frame_bytes = read_u32(length);
  if (frame_bytes == 0 || frame_bytes > frame_bytes_max) die("A server sent a frame of %zu bytes.", frame_bytes);
  receive_all(fd, frame, frame_bytes);
  return frame_bytes;
}

static void greet(int fd) {
  static const uint8_t hello[] = { 0, 0, 0, 26, TYPE_HELLO, 'U', 'S', 'T', 'Y', 0, 1, 3, 0, 6, 'c', 'l', 'i', 'e', 'n', 't', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  _Static_assert(sizeof hello == 4 + 26, "the length that it says");
  uint8_t frame[1024];
  send_all(fd, hello, sizeof hello);
  size_t length = receive_frame(fd, frame, sizeof frame);
  if (frame[0] != TYPE_HELLO || length < 7 || memcmp(frame + 1, "USTY", 4) != 0 || read_u16(frame + 5) != 1) die("A server did not greet in version 1.");
}

static int dial(const char *address);

// Asks the view server for the acked view until it has a primary; `address` becomes the primary's.
static void find_primary(const char *view_server, char *address, size_t address_bytes) {
  static const uint8_t get_view[] = { 0, 0, 0, 1, TYPE_GET_VIEW };
  enum { TRIES = 200, PAUSE_US = 50000 };
  int fd = dial(view_server);
  greet(fd);
  for (unsigned tries = 0; tries < TRIES; tries++) {
    uint8_t frame[4096];
    send_all(fd, get_view, sizeof get_view);
    size_t length = receive_frame(fd, frame, sizeof frame);
    if (frame[0] != TYPE_VIEW_REPLY || length < 15) die("The view server did not tell its view.");
    viewnum = read_u32(frame + 9);
    if (viewnum > 0 && frame[13]) {
      // Behind the count of members stands the primary: name, incarnation, address.
      size_t at = 15 + 2 + (size_t)read_u16(frame + 15) + 8;
      size_t text_bytes = read_u16(frame + at);
      if (at + 2 + text_bytes > length || text_bytes >= address_bytes) die("The view server told a view that is none.");
      memcpy(address, frame + at + 2, text_bytes);
      address[text_bytes] = 0;
      close(fd);
      return;
    }
    usleep(PAUSE_US);
  }
  die("The view server came to no primary.");
}

// ---- sockets

static int dial(const char *address) {
  const char *colon = strrchr(address, ':');
  bool is_path = strchr(address, '/') || !colon;
  int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0), status = -1;
  if (is_path) {
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    if (strlen(address) >= sizeof path.sun_path) die("The path %s is too long for a socket.", address);
    strcpy(path.sun_path, address);
    status = connect(fd, (struct sockaddr *)&path, sizeof path);
  } else {
    struct sockaddr_in ip = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)) };
    char host[64] = "";
    strncpy(host, address, (size_t)(colon - address) < sizeof host ? (size_t)(colon - address) : sizeof host - 1);
    if (inet_pton(AF_INET, host, &ip.sin_addr) != 1) die("%s is no IPv4 address and port.", address);
    status = connect(fd, (struct sockaddr *)&ip, sizeof ip);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  if (status != 0) die("Nobody listens at %s: %s.", address, strerror(errno));
  struct timeval patience = { .tv_sec = 5 };
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

static void watch(struct connection *connection, int change, bool waits_for_room) {
  struct epoll_event event = { .events = EPOLLIN | (waits_for_room ? EPOLLOUT : 0), .data.ptr = connection };
  if (epoll_ctl(epoll, change, connection->fd, &event) != 0) die("A socket cannot be watched: %s.", strerror(errno));
  connection->waits_for_room = waits_for_room;
}

static void connect_all(const char *address) {
  size_t output_bytes = 2 * (size_t)in_flight * REQUEST_BYTES_MAX + REQUEST_BYTES_MAX;
  connections = calloc(connection_count, sizeof *connections);
  for (unsigned index = 0; index < connection_count; index++) {
    struct connection *connection = &connections[index];
    connection->index = index;
    connection->slots = calloc(slots_each, sizeof *connection->slots);
    connection->output = malloc(output_bytes);
    if (!connection->slots || !connection->output) die("There is not enough memory.");
    connection->fd = dial(address);
    if (protocol->write_request == write_understudy) greet(connection->fd);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    watch(connection, EPOLL_CTL_ADD, false);
  }
}

// Everything that was asked since the last turn leaves in one write. What the kernel does not take stays, at most one request for each slot.
static void flush(struct connection *connection) {
  if (connection->output_bytes == 0) return;
  ssize_t sent = send(connection->fd, connection->output, connection->output_bytes, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) die("A connection was lost: %s.", strerror(errno));
  if (sent > 0) {
    connection->output_bytes -= (size_t)sent;
    if (connection->output_bytes > 0) memmove(connection->output, connection->output + sent, connection->output_bytes);
  }
  bool waits = connection->output_bytes > 0;
  if (waits != connection->waits_for_room) watch(connection, EPOLL_CTL_MOD, waits);
}

static void receive(struct connection *connection) {
  ssize_t count = recv(connection->fd, connection->input + connection->input_bytes, INPUT_BYTES - connection->input_bytes, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN)) die("A connection was lost: %s.", count == 0 ? "the server closed it" : strerror(errno));
  if (count < 0) return;
  connection->input_bytes += (size_t)count;
  size_t taken = protocol->read_answers(connection, connection->input, connection->input_bytes, now());
  connection->input_bytes -= taken;
  if (taken > 0 && connection->input_bytes > 0) memmove(connection->input, connection->input + taken, connection->input_bytes);
  flush(connection);
}

static void run_loop(void) {
  enum { EVENTS = 256, POLL_MS = 50 };
  struct epoll_event events[EVENTS];
  uint64_t now_ns = now();
  for (unsigned index = 0; index < connection_count; index++) {
    for (unsigned slot = 0; slot < slots_each; slot++) ask(&connections[index], slot, now_ns);
    flush(&connections[index]);
  }
  while (now() < ends_at_ns && waiting > 0) {
    int count = epoll_wait(epoll, events, EVENTS, POLL_MS);
    for (int index = 0; index < count; index++) {
      struct connection *connection = events[index].data.ptr;
      if (events[index].events & EPOLLOUT) flush(connection);
      if (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
    }
  }
}

// ---- the end

// An operation that was not answered for a second is an error too: it would otherwise only be missing.
static void count_stuck(void) {
  for (unsigned index = 0; index < connection_count; index++) {
    for (unsigned slot = 0; slot < slots_each; slot++) {
      struct slot *one = &connections[index].slots[slot];
      if (one->is_waiting && one->began_ns + second_ns < ends_at_ns) errors++;
    }
  }
}

// In microseconds. Inside of a microsecond the answers are taken as evenly spread: with one client that waits, a median is some 30 of them.
static double quantile(double share) {
  double wanted = (double)operations * share, seen = 0;
  for (unsigned microseconds = 0; microseconds < LATENCIES; microseconds++) {
    double here = latencies[microseconds];
    if (seen + here > wanted) return microseconds + (wanted - seen) / here;
    seen += here;
  }
  return 0;
}

static unsigned longest(void) {
  unsigned microseconds = LATENCIES;
  while (microseconds > 0 && latencies[microseconds - 1] == 0) microseconds--;
  return microseconds == 0 ? 0 : microseconds - 1;
}

static void print_result(double seconds) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("{\"ops\":%llu,\"ops_total\":%llu,\"ops_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%u,\"errors\":%llu,\"cpu_s\":%.3f}\n",
         (unsigned long long)operations, (unsigned long long)operations_total, (double)operations / seconds, quantile(0.5), quantile(0.99), longest(),
         (unsigned long long)errors, cpu);
}

static double number_of(const char *text, const char *what, double min, double max) {
  char *end;
  double number = strtod(text, &end);
  if (*text == 0 || *end != 0 || !(number >= min && number <= max)) die("%s must be from %g to %g, not %s.", what, min, max, text);
  return number;
}

static const struct protocol protocols[] = {
  { "redis-set", write_redis_set, read_redis },
  { "redis-setwait", write_redis_setwait, read_redis },
  { "redis-setNwait", write_redis_setnwait, read_redis },
  { "floor", write_floor, read_floor },
  { "understudy", write_understudy, read_understudy },
};

static void choose_protocol(const char *name) {
  for (unsigned index = 0; index < sizeof protocols / sizeof *protocols; index++) if (strcmp(protocols[index].name, name) == 0) protocol = &protocols[index];
  if (!protocol) die("There is no protocol %s.", name);
  slots_each = in_flight;
  if (protocol->write_request == write_redis_setwait) lines_each = 2;
  if (protocol->write_request == write_redis_setnwait) {
    slots_each = 1;
    operations_each = in_flight;
    lines_each = in_flight + 1;
  }
}

int main(int count, char **words) {
  if (count != 6 && count != 7) die("It reads: loadgen PROTOCOL ADDRESS CONNECTIONS IN-FLIGHT SECONDS [WARM-SECONDS]");
  connection_count = (unsigned)number_of(words[3], "CONNECTIONS", 1, CONNECTIONS_MAX);
  in_flight = (unsigned)number_of(words[4], "IN-FLIGHT", 1, IN_FLIGHT_MAX);
  double seconds = number_of(words[5], "SECONDS", 0, 600), warm_seconds = count == 7 ? number_of(words[6], "WARM-SECONDS", 0, 60) : 0.5;
  choose_protocol(words[1]);
  memset(value, 'x', VALUE_BYTES);
  latencies = calloc(LATENCIES, sizeof *latencies);
  epoll = epoll_create1(0);
  if (!latencies || epoll < 0) die("There is not enough memory.");

  char primary[256];
  const char *address = words[2];
  if (protocol->write_request == write_understudy) {
    find_primary(address, primary, sizeof primary);
    address = primary;
    prepare_request_frame();
  }
  connect_all(address);
  is_filling = seconds == 0;
  if (is_filling) {
    warm_seconds = 0;
    // Patience, not a measure: it ends when every key was written.
    seconds = 60;
  }
  warm_until_ns = now() + (uint64_t)(warm_seconds * 1e9);
  ends_at_ns = warm_until_ns + (uint64_t)(seconds * 1e9);
  run_loop();
  if (is_filling && operations_total < KEYS) die("Only %llu of %d keys were written, with %llu errors.", (unsigned long long)operations_total, KEYS, (unsigned long long)errors);
  count_stuck();
  print_result(is_filling ? (double)(now() - warm_until_ns) / 1e9 : seconds);
  return 0;
}
