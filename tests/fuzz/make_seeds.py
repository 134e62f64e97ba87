#!/usr/bin/env python3
"""usage: tests/fuzz/make_seeds.py: writes the seeds of the corpora anew: an input of every form, as the functions in
*_fuzz.cpp take them. Files `found-*`, and event bodies (tests/golden/event), are left alone."""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
SECONDS = 1_767_323_045
MICROS = SECONDS * 1_000_000 + 123_456
NO_TIME = -(1 << 63)


def write(target, seeds):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in seeds.items():
        (folder / name).write_bytes(seed.encode() if isinstance(seed, str) else seed)


def events():
    for path in sorted((GOLDEN / "event").glob("*.json")):
        yield path.name.removesuffix(".json"), path.read_bytes()


# local: (docs/formats/local.md)
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return varint(len(data)) + data


def payload(key=None, headers=(), body=None):
    out = b"" if key is None else text(key)
    out += text("e-1") + text("OrderCreated") + text("c-1") + text("application/json") + struct.pack("<q", MICROS)
    for name, value in headers:
        out += text(name) + (varint(0) if value is None else varint(len(value) + 1) + value)
    return out + text("amqp:") + (body or b"")


def record(flags=3, headers=((b"a", b"1"), (b"b", None)), body=b"{}"):
    data = payload("o-1" if flags & 1 else None, headers, body if flags & 2 else None)
    head = struct.pack("<BBHIqIII", 1, flags, 2, 1, MICROS, len(data), crc32c(data), len(headers))
    return head + struct.pack("<I", crc32c(head)) + data


def trial():
    return struct.pack("<iiiiBqq", 2, 1, 1, 3, 1, MICROS, NO_TIME) + text("bank: no answer")


def outbox_text(value):
    return varint(0) if value is None else varint(len(value) + 1) + value


def outbox_record(key, time, headers, body):
    out = text("orders") + outbox_text(key)
    for field in ("e-1", "OrderCreated", "c-1", "application/json", ""):
        out += text(field)
    out += b"\x00" if time is None else b"\x01" + struct.pack("<q", time)
    out += varint(len(headers))
    for name, value in headers:
        out += text(name) + outbox_text(value)
    return out + outbox_text(body)


def store():
    dead = b"".join(map(text, ("billing", "orders", "undecodable", "not JSON at byte 3")))
    dead += struct.pack("<iiiqq", 1, 0, 2, MICROS, MICROS) + text("host") + struct.pack("<qIIQ", 7, 1, 2, 3) + record()
    parked = struct.pack("<IQqi", 1, 2, MICROS, 1) + text("r-1") + trial() + record()
    member = text("billing-1") + text("host") + struct.pack("<qQ", 7, 8) + text("boot")
    topic = struct.pack("<IBIqQB", 1, 0, 64, 3_600_000_000, 1 << 30, 1)
    subscription = struct.pack("<IIBBQ", 1, 2, 0, 1, 9) + varint(2) + text("a") + text("b")
    control = struct.pack("<Qq", 3, NO_TIME) + b"value"
    board = struct.pack("<QQ48s", 0x74696462_6F617201, 2, b"boot") + struct.pack("<QQ", 1, 0)
    rows = {
        "record-full": (0, record()), "record-bare": (0, record(0, (), None)),
        "progress": (1, struct.pack("<Q", 9) + varint(2) + varint(3) + varint(2)),
        "trial": (2, struct.pack("<I", 1) + trial()), "dead": (3, dead), "parked": (4, parked),
        "sealed-full": (5, bytes([3, 2]) + payload("o-1", ((b"a", b"1"), (b"b", None)), b"{}")),
        "sealed-cut": (5, bytes([1, 5]) + payload("o-1")),
        "member": (6, member), "owner": (6, struct.pack("<QQ", 4, 5)),
        "topic": (7, struct.pack(">H", 6) + b"orders" + topic),
        "subscription": (7, struct.pack(">H", 14) + b"billing\0torders"[:14] + subscription),
        "pattern": (7, struct.pack(">H", 16) + b"billing\0porder.*" + subscription),
        "control": (7, struct.pack(">H", 6) + b"pause/" + control),
        "outbox": (8, b"\x01" + varint(2) + outbox_record(b"o-1", MICROS, ((b"a", b"1"), (b"b", None)), b"{}") +
                   outbox_record(None, None, (), None)),
        "outbox-newer": (8, b"\x02\x00"), "board": (9, board),
    }
    return {name: bytes([kind]) + value for name, (kind, value) in rows.items()}


# amqp: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 4.2.5, and the types of RabbitMQ
def short(value):
    return bytes([len(value)]) + value.encode()


def long_text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def field(value):
    if isinstance(value, tuple):
        kind, raw = value
        return kind + raw
    if value is None:
        return b"V"
    if isinstance(value, bool):
        return b"t" + bytes([value])
    if isinstance(value, int):
        return b"l" + struct.pack(">q", value)
    if isinstance(value, list):
        return b"A" + long_text(b"".join(map(field, value)))
    if isinstance(value, dict):
        return b"F" + table(value)
    return (b"x" if isinstance(value, bytes) else b"S") + long_text(value)


def table(entries):
    return long_text(b"".join(short(name) + field(value) for name, value in entries.items()))


PROPERTIES = [("content_type", 15), ("content_encoding", 14), ("headers", 13), ("delivery_mode", 12), ("priority", 11),
              ("correlation_id", 10), ("reply_to", 9), ("expiration", 8), ("message_id", 7), ("timestamp", 6),
              ("type", 5), ("user_id", 4), ("app_id", 3), ("cluster_id", 2)]


def message(body="{}", **properties):
    flags, fields = 0, b""
    for name, bit in PROPERTIES:
        if name not in properties:
            continue
        value = properties[name]
        flags |= 1 << bit
        if name == "headers":
            fields += table(value)
        elif name == "timestamp":
            fields += struct.pack(">Q", value)
        elif name in ("delivery_mode", "priority"):
            fields += bytes([value])
        else:
            fields += short(value)
    head = struct.pack(">H", flags) + fields
    return b"\x00" + struct.pack(">H", len(head)) + head + body.encode()


def amqp():
    ours = {"event_type": "OrderCreated", "aggregate_id": "o-1", "tidings-slot-17": "", "tidings-topic": "orders"}
    copy = ours | {"causationId": "e-0", "tidings-group": "billing", "tidings-subscription": "orders",
                   "tidings-attempts": "2", "tidings-crashes": "1", "tidings-time": "2026-01-02T03:04:05.123456Z",
                   "tidings-first-failed": "2026-01-02T03:04:05.123456Z", "tidings-due": "2026-01-02T03:04:06.000000Z",
                   "tidings-error": "bank: no answer\nsecond line", "tidings-replays": "1", "tidings-replay-id": "r-1"}
    dead = copy | {"tidings-reason": "undecodable", "tidings-buried": "2026-01-02T03:04:07.000000Z",
                   "tidings-host": "host", "tidings-pid": "7"}
    death = {"count": 2, "reason": "rejected", "queue": "mail", "time": (b"T", struct.pack(">Q", SECONDS)),
             "exchange": "events", "routing-keys": ["order.created", "cc"]}
    kinds = {"b": (b"b", b"\x81"), "B": (b"B", b"\x81"), "s": (b"s", b"\x80\x01"), "u": (b"u", b"\x80\x01"),
             "I": (b"I", b"\xff\xff\xff\xfe"), "i": (b"i", b"\xff\xff\xff\xfe"), "l": -1, "f": (b"f", b"\x3f\x80\0\0"),
             "d": (b"d", b"\x3f\xf0" + bytes(6)), "D": (b"D", b"\x02\0\0\0\x7b"), "t": True, "V": None, "x": b"\xff\0",
             "T": (b"T", struct.pack(">Q", SECONDS)), "A": [1, "two", [3]], "F": {"a": {"b": 1}}}
    names = {"content_type": "application/json", "message_id": "e-1", "correlation_id": "c-1", "timestamp": SECONDS,
             "delivery_mode": 2}
    fields = "amqp:" + table({"n": 1}).decode()
    return {
        "bare": message(), "ours": message(headers=ours, **names), "retry": message(headers=copy, **names),
        "dead": message(headers=dead | {"x-death": [death]}, **names), "died": message(headers={"x-death": [death]}),
        "died-again": message(headers={"x-death": [death, death], "x-original-death": [death],
                                       "x-first-death-queue": "mail", "x-first-death-reason": "rejected"}),
        "typed": message(headers=kinds, content_encoding="gzip", reply_to="r", type="t", app_id="a", user_id="u",
                         priority=3, expiration="60000", cluster_id="c"),
        "stream": message(headers={"x-stream-offset": 7, "x-delivery-count": 2}),
        "tombstone": message(body="", headers=ours | {"tidings-tombstone": "yes"}),
        "broker-fields": message(headers={"tidings-broker-fields": fields}),
        "other-fields": message(headers={"tidings-broker-fields": "kafka:?"}),
        "control": message(body="value", headers={
            "aggregate_id": "u/pause/orders", "tidings-put": "t-1", "tidings-put-at": "2026-01-02T03:04:05.123456Z",
            "tidings-expected": "7", "tidings-expires": "2026-01-02T03:04:05.123456Z", "tidings-keeps": "6",
            "tidings-repairs": "8"}),
        "barrier": message(body="", headers={"tidings-barrier": "t-2"}),
        "question": message(body="", headers={"tidings-reply-to": "tidings.answers.1"}),
        "words-argument": b"\x01PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': "
                          b"received the value 'quorum' of type 'longstr' but current is 'classic'",
        "words-unset": b"\x01PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': "
                       b"received none but current is the value '60000' of type 'long'",
        "words-refused": b"\x01ACCESS_REFUSED - write access to exchange 'events' in vhost '/' refused for user 'shop'",
    }


def kafka_message(headers, body="{}"):
    return b"\x00" + "".join(f"{name}\n{value}\n" for name, value in headers).encode() + b"\n" + body.encode()


def kafka():
    ours = [("eventId", "e-1"), ("eventType", "OrderCreated"), ("correlationId", "c-1")]
    copy = [("tidings-group", "billing"), ("tidings-subscription", "order.*"), ("tidings-topic", "orders"),
            ("tidings-partition", "3"), ("tidings-offset", "17"), ("tidings-time", "2026-01-02T03:04:05.123456Z"),
            ("tidings-attempts", "2"), ("tidings-crashes", "1"),
            ("tidings-first-failed", "2026-01-02T03:04:05.123456Z"), ("tidings-due", "2026-01-02T03:04:06.000000Z"),
            ("tidings-error", "bank: no answer"), ("tidings-replays", "1"), ("tidings-replay-id", "r-1"),
            ("tidings-reason", "undecodable"), ("tidings-buried", "2026-01-02T03:04:07.000000Z"),
            ("tidings-host", "host"), ("tidings-pid", "7")]
    token = b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJzaG9wIiwiZXhwIjoxODAwMDAwMDAwLCJpYXQiOjE3NjczMjMwNDV9.c2ln"
    names = (struct.pack(">hi", 1, 2) + b"".join(struct.pack(">h", len(name)) + name + struct.pack(">iii", 2, 0, 5)
                                                 for name in (b"orders", b"stock")))
    log = "[thrd:sasl_ssl://b:9092/bootstrap]: sasl_ssl://b:9092/bootstrap: "
    return {
        "bare": kafka_message([]), "ours": kafka_message(ours), "copy": kafka_message(ours + copy),
        "named-late": kafka_message([("a", "1"), *ours, ("contentType", "application/json")]),
        "named-twice": kafka_message([("eventId", "e-0"), *ours, ("a", "(null)"), ("a", "2"), ("eventType", "")]),
        "fields": kafka_message([("contentType", "avro"), ("tidings-broker-fields", "amqp:x")]),
        "control": kafka_message([("tidings-put", "t-1"), ("tidings-expected", "7"), ("tidings-keeps", "6"),
                                  ("tidings-expires", "2026-01-02T03:04:05.123456Z"), ("tidings-repairs", "8")]),
        "assignment": b"\x01" + names + struct.pack(">i", -1), "assignment-none": b"\x01",
        "member-id": b"\x01billing-1-3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "letter-id": b"\x020006481e4b5a1c40-orders-eu-3-17", "ranges": b"\x023-9-6481e4b5a1c40 20-31-6481e4b5a1c41",
        "cursor": b"\x020:5,11:1000000000000", "token-json": b"\x03" + token, "token-opaque": b"\x03abc.def\n",
        "log-password": b"\x04" + (log + "SASL authentication error: Authentication failed: Invalid username or "
                                         "password (after 305ms in state AUTH_REQ)").encode(),
        "log-mechanism": b"\x04" + (log + "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: "
                                          "broker's supported mechanisms: SCRAM-SHA-256 (after 1ms in state "
                                          "AUTH_HANDSHAKE)").encode(),
        "log-alert": b"\x04" + (log + "SSL handshake failed: error:0A000412:SSL routines::ssl/tls alert bad "
                                      "certificate: SSL alert number 42 (after 3ms in state CONNECT)").encode(),
        "log-hung-up": b"\x04" + (log + "Disconnected while requesting ApiVersion: might be caused by incorrect "
                                        "security.protocol configuration").encode(),
    }


def control():
    group = ("topic\torders\tshared\ta,b\tq\nmember\tbilling-1\thost\t7\t2026-01-02T03:04:05.123456Z\n"
             "pattern\torder.*\tbroadcast\t\n")
    queue = "instance=a\nlife=00000000000000ff\nslot=3\nprefetch=64\nstate=held\nsuspects=yes\n"
    records = {
        "group": ("group/billing", group),
        "topic": ("topic/orders", "command=yes\npartitions=4\ngeneration=2\nnext=8\nlast=3\nage=3600000000\n"
                                  "bytes=1048576\n"),
        "published": ("published/OrderCreated/orders", ""),
        "trial": ("trial/orders.billing/1/0/00ff", "failed=2\ncrashes=1\ndue=2026-01-02T03:04:05.123456Z\n"
                                                   "first=2026-01-02T03:04:05.123456Z\nerror=bank:\nno answer"),
        "share-queue": ("share/orders.billing/queue/1", queue),
        "share-member": ("share/orders.billing/member/a", "life=00000000000000ff\n"),
        "holdings": ("", "orders.billing=3 2026-01-02T03:04:05.123456Z\norders.billing/unkeyed=2\n"),
    }
    seeds = {name: "\0" + key + "\0" + value for name, (key, value) in records.items()}
    put, expect, none, keeps, expires = 1, 2, 4, 8, 16
    seeds["log-puts"] = bytes([1, put, 0, 3, put | expect | none, 1, 2, put | expect, 0, 2, 1, 0, 0])
    seeds["log-refused"] = bytes([1, put, 0, 3, put | expect, 0, 2, 3, put | expect, 0, 2, 3, put, 1, 1])
    seeds["log-repaired"] = bytes([1, put, 0, 3, put | expect, 0, 2, 3, put | keeps, 0, 3, 2, 1])
    seeds["log-expires"] = bytes([1, put | expires, 0, 3, 1, put, 1, 1, put, 2, 1, put | expect | none, 0, 1])
    return seeds


def configuration():
    file = ('transport = "kafka://a:9092,b:9092?acks=all"\nlog_level = "debug"\nadmin = "127.0.0.1:0"\n'
            'drain_deadline = "5s"\nbank_url = "https://user:pw@bank/?token=x"\n\n[subscription."orders"]\n'
            'concurrency = 16\norder = "relaxed"\nin_flight_max = 50\ncrash_attempts_max = 2\n'
            'unhandled = "dead_letter"\nrequire_id = "dead_letter"\ntimeout = "30s"\non_timeout = "fail"\n'
            'retry.attempts_max = 9\nretry.delay_first = "100ms"\nretry.factor = 1.5\nretry.delay_max = "1h"\n'
            'retry.jitter = 0.5\nretry.give_up_on = "conflict, invalid"\n\n'
            '[subscription."orders".handler."OrderCreated"]\nretry.attempts_max = 3\n\n'
            '[subscription."audit/order.*"]\nconcurrency = 2\n\n'
            '[topic."orders"]\nretention_age = "7d"\nretention_size = "1GB"\nretention_unsettled = "keep"\n')
    return {
        "full": file + "\0TIDINGS_INSTANCE=a\nTIDINGS_LOG_FORMAT=json\nTIDINGS_BANK_TOKEN=s3cret\0--transport\nmemory:",
        "bare": "\0\0", "default": '[topic."orders"]\nretention_age = "default"\n\0\0', "flags": "\0\0--help\n--version",
        "flag-unknown": "\0\0--tranport=memory:\n-x\nwhat", "flag-missing": "\0\0--log-level",
        "list": "admin = [1, 2]\nsince = 2026-01-02\n\0\0", "no-toml": 'transport = "memory:\0\0',
        "key-unknown": 'tranport = "memory:"\n[subscription."order"]\nx = 1\n[topic.stock]\ny = 2\n\0\0',
        "bad-values": 'log_level = "loud"\nadmin = "here"\n[subscription."orders"]\nretry.factor = "no"\n'
                      'timeout = 5\n\0TIDINGS_DRAIN_DEADLINE=20\0',
        "multi-line": 'instance = """a\nb"""\n"bank_url" = \'c:\\d\'\nadmin_port_file = "\\u00e9\\n"\n\0\0',
        "secrets": "\0TIDINGS_TRANSPORT=amqp://shop:p%40ss@mq/v?password=x&heartbeat=5\0--bank-token=t",
    }


def url():
    return {
        "local": "local:./.tidings?sync=commit&size_max=1GB&partitions=8", "memory": "memory:", "bad": "kafka:/x?=1&a",
        "memory-all": "memory:x?partitions=4&transactional=no&suspect_window=10",
        "kafka": "kafka://a:9092,b:9092/?prefix=shop.&create_topics=yes&linger=5ms&commit_every=100ms",
        "kafka-tls": "kafka://a:9092?tls=yes&tls_ca=/ca.pem&tls_cert=/c.pem&tls_key=/k.pem&tls_key_password_env=P",
        "kafka-sasl": "kafka://a:9092?sasl=scram-sha-512&user=shop&password_file=/run/p&rdkafka.socket.timeout.ms=9",
        "kafka-token": "kafka://a?sasl=oauthbearer&token_command=print%20-k&token_lifetime=5m",
        "kafka-secret": "kafka://a?sasl=plain&user=u&password=x", "escaped": "local:%2Ftmp%2Fa%20b?sync=%6deta",
        "amqp": "amqp://shop:p%40ss@mq:5672,mq2/v%2Fhost?prefix=a&prefetch=64&queue=classic&history=no&declare=no",
        "amqps": "amqps://shop@mq/?tls_ca=/ca.pem&password_file=/run/p&tls_verify=none&revoke_within=10ms",
        "amqp-ipv6": "amqp://[::1]:5672/?heartbeat=5s",
    }


def line():
    seeds = {name: body for name, body in events() if "order" in name or "defaults" in name}
    seeds |= {
        "short": '{"type":"OrderCreated","key":"o-1","data":{"n":1.50}}', "data": '{"data":[1,"two",null,true]}',
        "no-data": '{"type":"OrderCreated"}', "wrong": '{"type":1,"data":2}', "no-json": "{oops",
        "lines": 'a\r\n\r\n{"data":1}\n' + "x" * 300 + "\nlast",
    }
    return seeds


def texts():
    return {f"seed-{number:02}": seed for number, seed in enumerate([
        "2026-01-02T03:04:05.123456789Z", "2026-01-02 03:04:05+02:00", "2026-01-02", "1767323045.5", "1767323045123",
        "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "-10m", "now", "P2DT3H4M5.6S", "-PT0.5S", "P1W", "90.25",
        "1.5m", "500us", "7d", "endless", "1GB", "18446744073709551615B", "keep", "expire", "OrderCreated",
        "ORDER_CREATED", "HTTPServer2Go", "order.*.#", "#", "\x1b[2J\u202eabc\u200d\u00e9\u5b57", b"\xff\xfe\xc3",
        "QUJD", "QUI=", "QQ==", '{"a":[1,-2.5e3,"\\u00e9\u009b",null,true]}', "log_level", "a word and\nanother " * 9,
    ])}


def main():
    write("event", {name + ".json": body for name, body in events()})
    for make in (store, amqp, kafka, control, configuration, url, line):
        write(make.__name__, make())
    write("text", texts())


main()
