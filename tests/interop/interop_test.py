"""Services of others and ours understand each other on a real broker, both ways. By hand: see README.md.

interop_test.py [-v] [JavaPeer | PythonPeer | KcatPeer | JavaService | Partitions | Guide]
"""

import datetime
import decimal
import json
import os
import pathlib
import random
import re
import unittest
import uuid

from confluent_kafka.admin import AdminClient, NewTopic

import envelope
import peers
from peers import record

OURS = 3  # orders that our service places itself


def order(order_id, customer="c-7"):
    return {"orderId": order_id, "correlationId": f"story of {order_id}",
            "data": {"customerId": customer, "totalAmount": 35.31,
                     "items": [{"productId": "cd-1", "quantity": 2, "price": 11.77},
                               {"productId": "cd-☂", "quantity": 1, "price": 11.77}]}}


ORDERS = [order("order-1"), order("bestellung-ü"), order("注文-3"), order("x" * 300), order("refused-1", "refused")]


def raw_order(key, order_id):
    event_id = str(uuid.uuid4())
    body = {"eventId": event_id, "eventType": "OrderCreated", "timestamp": "2026-01-02T03:04:05Z",
            "aggregateId": order_id, "correlationId": "raw", "data": order(order_id)["data"]}
    more = [("x-origin", "früher".encode()), ("empty", b""), ("null", None), ("x-origin", b"twice")]
    return record(key, json.dumps(body).encode(), peers.named_headers(event_id, "OrderCreated", "raw") + more)


# Of no key, of an empty one, and what says that a key is gone.
def odd_records(who):
    return [raw_order(None, f"{who}-none"), raw_order(b"", f"{who}-empty"),
            record(f"{who}-gone".encode(), None), record(b"", None, [("who", who.encode()), ("null", None)])]


def header(of, name):
    return next((value for at, value in reversed(of.headers) if at == name), None)


def event_id_of(of):
    return (header(of, "eventId") or b"").decode()


def milliseconds(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


def payload(of):
    return json.loads(of.value)


class PeerCase:
    """The same for each peer. One service, seen from all sides: each test looks at one of them."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.peer = cls.make_peer()
        cls.ours = peers.Deployment(orders=OURS, **cls.options)
        cls.addClassCleanup(cls.ours.stop)
        cls.orders = cls.ours.topic("orders")
        cls.placed = cls.peer.publish_orders(cls.orders, ORDERS)
        cls.odd_theirs = [each for each in odd_records("theirs") if cls.peer.can_send(each)]
        cls.odd_ours = odd_records("ours")
        cls.peer.send(cls.orders, cls.odd_theirs)
        cls.ours.send("orders", cls.odd_ours)
        odd = cls.odd_theirs + cls.odd_ours
        count = OURS + len(ORDERS) + len(odd)
        dead = 1 + sum(each.value is None for each in odd)
        cls.books = cls.ours.entries(count)
        cls.on_orders = cls.peer.read(cls.orders, count)
        cls.payments = cls.peer.read(cls.ours.topic("payments"), count - dead)
        cls.dead = cls.peer.read(cls.ours.topic("orders.dlq"), dead)

    def entry(self, event_id):
        [found] = [entry for entry in self.books if entry["eventId"] == event_id]
        return found

    def payment_of(self, event_id):
        [found] = [each for each in self.payments if payload(each)["causationId"] == event_id]
        return found

    # What they publish.

    def test_our_handlers_see_their_events_as_they_were_published(self):
        for sent, placed in zip(ORDERS, self.placed):
            entry = self.entry(placed["eventId"])
            self.assertEqual(peers.from_text(entry["key"]), sent["orderId"].encode())
            self.assertEqual(entry["aggregateId"], sent["orderId"])
            self.assertEqual(entry["correlationId"], sent["correlationId"])
            self.assertEqual(entry["version"], 1)
            if not isinstance(self.peer, peers.Python):  # whose members are in snake_case
                self.assertEqual(entry["data"], sent["data"])

    def test_their_events_cause_ours(self):
        for sent, placed in zip(ORDERS, self.placed):
            if sent["data"]["customerId"] == "refused":
                continue
            paid = self.payment_of(placed["eventId"])
            self.assertEqual(payload(paid)["correlationId"], sent["correlationId"])
            self.assertEqual(payload(paid)["data"], {"customerId": "c-7", "amount": 35.31})
            self.assertEqual(paid.key, sent["orderId"].encode())

    def test_a_key_has_one_partition_whoever_publishes_it(self):
        for sent, placed in zip(ORDERS, self.placed):
            if sent["data"]["customerId"] != "refused":
                self.assertEqual(self.payment_of(placed["eventId"]).partition, placed["partition"], sent["orderId"])

    def test_our_handlers_see_their_odd_keys_headers_and_tombstones(self):
        seen = [(peers.from_text(entry.get("key")), entry["eventId"] if "data" in entry else None,
                 [(each["name"], peers.from_text(each.get("value"))) for each in entry["headers"]])
                for entry in self.books]
        for sent in self.odd_theirs:
            named = 3 if sent.value else 0  # id, type and correlation id are the envelope's
            self.assertIn((sent.key, event_id_of(sent) if sent.value else None, sent.headers[named:]), seen)

    # What we publish.

    def test_they_read_our_events_by_the_schema(self):
        ours = [each for each in self.on_orders if (each.key or b"").startswith(b"ours-") and each.value]
        self.assertEqual(len(ours), OURS)
        for event in ours:
            self.assertEqual(envelope.faults(event.value, "OrderCreated"), [])
        for event in self.payments:
            self.assertEqual(envelope.faults(event.value, "PaymentCompleted"), [])

    def test_headers_say_what_the_envelope_says(self):
        ours = [each for each in self.on_orders if (each.key or b"").startswith(b"ours-") and each.value]
        for event in ours + self.payments:
            told = payload(event)
            expected = peers.named_headers(told["eventId"], told["eventType"], told["correlationId"])
            if "causationId" in told:
                expected.append(("causationId", told["causationId"].encode()))
            self.assertEqual(event.headers, expected)
        for event in ours:
            self.assertEqual(event.key, payload(event)["aggregateId"].encode())

    def test_a_record_has_the_time_of_its_event(self):
        ours = [each for each in self.on_orders if (each.key or b"").startswith(b"ours-") and each.value]
        for event in ours + self.payments:
            self.assertEqual(event.time, milliseconds(payload(event)["timestamp"]))

    def test_they_read_our_odd_keys_headers_and_tombstones(self):
        sent = self.odd_ours + self.odd_theirs
        for each in sent:
            self.assertIn(each, [record(found.key, found.value, found.headers) for found in self.on_orders])

    # What nobody could handle.

    def test_they_read_our_dead_letters(self):
        originals = {(each.partition, each.offset): each for each in self.on_orders}
        for dead in self.dead:
            original = originals[int(header(dead, "tidings-partition")), int(header(dead, "tidings-offset"))]
            self.assertEqual((dead.key, dead.value), (original.key, original.value))
            kept = len(original.headers)
            self.assertEqual(dead.headers[:kept], original.headers)
            added = dict(dead.headers[kept:])
            self.assertEqual([name for name in added if not name.startswith("tidings-")], [])
            self.assertEqual((added["tidings-group"], added["tidings-topic"]), (b"order-service", b"orders"))
            refused = original.value is not None
            self.assertEqual(added["tidings-reason"], b"rejected" if refused else b"undecodable")
            self.assertIn(b"no credit for this customer" if refused else b"without a body", added["tidings-error"])
            self.assertLessEqual({"tidings-buried", "tidings-time", "tidings-host", "tidings-pid"}, set(added))
            self.assertEqual(milliseconds(added["tidings-time"].decode()), original.time)
            self.assertGreaterEqual(dead.time, original.time)
            self.assertEqual(added.get("tidings-attempts"), b"1" if refused else None)
        self.assertEqual([each.key for each in self.dead if each.value], [b"refused-1"])


class JavaPeer(PeerCase, unittest.TestCase):
    make_peer = peers.Java

    # And see that the schema refuses what it should.
    def test_we_take_what_its_mapper_makes_of_times_and_versions_though_the_schema_does_not(self):
        theirs = [each for each in self.on_orders if event_id_of(each) in {placed["eventId"] for placed in self.placed}]
        self.assertEqual(len(theirs), len(ORDERS))
        for event in theirs:
            self.assertEqual(sorted(fault.split(":")[0] for fault in envelope.faults(event.value, "OrderCreated")),
                             ["causationId", "timestamp", "version"])
            self.assertEqual(milliseconds(self.entry(event_id_of(event))["timestamp"]),
                             int(json.loads(event.value, parse_float=decimal.Decimal)["timestamp"] * 1_000))


class PythonPeer(PeerCase, unittest.TestCase):
    """Ours publishes by transactions."""
    make_peer = peers.Python
    options = {"transactional": "yes"}


class KcatPeer(PeerCase, unittest.TestCase):
    make_peer = peers.Kcat


class JavaService(unittest.TestCase):
    """A consumer of types, handlers and dead letters of its own; its reader knows no members but its own."""

    TOLD = {"eventId": str(uuid.uuid4()), "eventType": "OrderCreated", "timestamp": "2026-01-02T03:04:05+02:00",
            "aggregateId": "order-10", "version": 1, "correlationId": "c", "causationId": "b",
            "data": order("order-10")["data"], "metadata": {"userId": "ü", "source": "cli", "environment": "test"}}

    @classmethod
    def setUpClass(cls):
        cls.java = peers.Java()
        cls.ours = peers.Deployment(orders=OURS)
        cls.addClassCleanup(cls.ours.stop)
        lines = [{"type": "OrderCreated", "key": key, "data": order(key, customer)["data"]}
                 for key, customer in [("order-8", "refused"), ("order-9", "unlucky")]] + [cls.TOLD]
        cls.ours.tidings("publish", "orders", "--file", "-", given="\n".join(map(json.dumps, lines)))
        [cls.our_dead] = cls.ours.dead_letters(1)  # then their topic is there
        cls.count = OURS + len(lines)
        cls.handled = cls.java.handle("java", cls.ours.topic("orders"), cls.count)

    def test_its_handlers_take_our_events(self):
        self.assertEqual(sorted(event["aggregateId"] for event in self.handled),
                         ["order-8"] + [f"ours-{i}" for i in range(OURS)])
        for event in self.handled:
            self.assertEqual(event["version"], 1)

    def test_its_handlers_take_what_our_handlers_publish(self):
        paid = self.java.handle("java-payments", self.ours.topic("payments"), self.count - 1)
        self.assertEqual(len({event["causationId"] for event in paid}), self.count - 1)
        self.assertEqual({event["data"]["amount"] for event in paid}, {11.77, 11.78, 11.79, 35.31})

    def test_its_dead_letters_are_none_of_ours(self):
        found = self.java.read(self.ours.topic("orders.dlq"), 3)
        theirs = {each.key: each for each in found if header(each, "tidings-group") is None}
        self.assertEqual(set(theirs), {b"order-9", b"order-10"})
        self.assertEqual(header(theirs[b"order-9"], "errorMessage"), b"no luck")
        self.assertIn(b"metadata", header(theirs[b"order-10"], "errorMessage"))
        for each in theirs.values():
            self.assertEqual([name for name, _ in each.headers[:3]], ["eventId", "eventType", "correlationId"])
        self.assertEqual(self.ours.dead_letters(1), [self.our_dead])
        self.assertEqual(self.our_dead["reason"], "rejected")

    def test_its_groups_are_none_of_ours(self):
        groups = {row["name"] for row in self.ours.tidings("groups")[0]["groups"]}
        self.assertEqual(groups, {"order-service", "books"})

    def test_what_our_command_line_publishes_fits_the_schema(self):
        [event] = [each for each in self.java.read(self.ours.topic("orders"), self.count) if each.key == b"order-10"]
        self.assertEqual(envelope.faults(event.value, "OrderCreated"), [])
        self.assertEqual(payload(event), {**self.TOLD, "timestamp": "2026-01-02T01:04:05.000000Z"})


class Partitions(unittest.TestCase):
    """Java's client and ours choose the same partition for a key."""

    COUNT = 13
    WITHOUT_KEY = 200

    @classmethod
    def keys(cls):
        dice = random.Random(20_260_102)
        texts = [f"order-{i}" for i in range(1_000)] + ["ü", "注文", "☂" * 100, "\0", " ", "e\u0301"]
        texts += ["".join(chr(dice.choice([dice.randrange(1, 0xd800), dice.randrange(0xe000, 0x110000)]))
                          for _ in range(dice.randrange(1, 40))) for _ in range(1_000)]
        keys = {text.encode() for text in texts} | {bytes([byte]) for byte in range(256)} | {b""}
        keys |= {dice.randbytes(length) for length in range(1, 300) for _ in range(5)}
        keys |= {dice.randbytes(length) for length in (1_000, 4_096, 65_535, 100_001)}
        return sorted(keys) + [None] * cls.WITHOUT_KEY

    def test_a_key_has_the_partition_that_the_java_client_gives_it(self):
        topic = f"keys-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": peers.BROKERS})
        admin.create_topics([NewTopic(topic, self.COUNT, 1)])[topic].result(peers.PATIENCE_SECONDS)
        keys = self.keys()
        self.assertGreater(len(keys), 3_500)
        told = peers.Java().send(topic, [record(key, b"java") for key in keys])
        given = "".join(peers.raw_lines([record(key, b"ours %d" % i)]) for i, key in enumerate(keys))
        peers.run([peers.SENDER, peers.URL, topic], given)
        ours = {int(each.value[5:]): each for each in peers.Python().read(topic, 2 * len(keys))
                if each.value != b"java"}
        self.assertEqual([ours[i].key for i in range(len(keys))], keys)
        other = [(key[:40], told[i], ours[i].partition) for i, key in enumerate(keys)
                 if key is not None and ours[i].partition != told[i]]
        self.assertEqual(other, [])
        self.assertEqual({each.partition for each in ours.values() if each.key}, set(range(self.COUNT)))


class Guide(unittest.TestCase):
    """The blocks of docs/guides/interop.md, run as they stand there, but for the topics' prefix."""

    TEXT = pathlib.Path(__file__).parents[2] / "docs/guides/interop.md"

    def run_block(self, kind, text):
        text = text.replace("-t ", f"-t {self.ours.prefix}").replace('produce("', f'produce("{self.ours.prefix}')
        program = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": ["/usr/bin/python3", "-c"]}[kind]
        return peers.run([*program, text], environment={
            "BROKERS": peers.BROKERS, "TIDINGS_TRANSPORT": self.ours.url, "LC_ALL": "C.UTF-8",
            "PATH": f"{pathlib.Path(peers.TIDINGS).parent}:{os.environ['PATH']}"})

    def test_its_commands_do_what_it_says(self):
        self.ours = peers.Deployment()
        self.addCleanup(self.ours.stop)
        blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", self.TEXT.read_text(), re.M | re.S)
        self.assertEqual([kind for kind, _ in blocks], ["sh", "python", "sh", "sh", "sh"])
        publish, program, tail, read, dead = blocks
        self.run_block(*publish)
        self.run_block(*program)
        books = {entry["eventId"]: entry for entry in self.ours.entries(2)}
        self.assertEqual(books["kcat-1"]["data"], {"customerId": "c-7", "totalAmount": 35.31})
        self.assertEqual(sorted(entry["aggregateId"] for entry in books.values()), ["order-1", "order-2"])
        self.assertIn("kcat-1  OrderCreated  order-1", self.run_block(*tail))
        peers.Python().read(self.ours.topic("payments"), 2)
        self.assertRegex(self.run_block(*read), "(?m)^order-1 eventId=.*correlationId=story-1,causationId=kcat-1")
        self.ours.send("orders", [record(b"gone", None)])
        self.ours.dead_letters(1)
        self.assertRegex(self.run_block(*dead), "(?m)^gone tidings-group=order-service,.*tidings-reason=undecodable")

    def test_its_envelope_is_one_by_the_schema(self):
        [example] = re.findall(r"^```json\n(.*?)^```$", self.TEXT.read_text(), re.M | re.S)
        self.assertEqual(envelope.faults(example, "OrderCreated"), [])


if __name__ == "__main__":
    unittest.main()
