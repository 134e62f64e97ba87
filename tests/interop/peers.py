"""Who talks with our services: a service in Java, one in Python, and kcat. And our own programs, run beside them.

Each peer publishes orders in its own way, sends records as they are, and reads what is on a topic. Keys, values and
headers are bytes, or None where they are null.
"""

import base64
import collections
import datetime
import json
import os
import pathlib
import tempfile
import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import our_service
from our_service import PATIENCE_SECONDS, TIDINGS, OurService, lines_of, run

CLASSES = os.environ["INTEROP_CLASSES"]
SERVICE = os.environ["INTEROP_SERVICE"]
SENDER = os.environ["INTEROP_SENDER"]
URL = os.environ.get("TIDINGS_KAFKA_URL") or pathlib.Path(os.environ["INTEROP_BROKER"], "url").read_text().strip()
BROKERS = URL.removeprefix("kafka://")

Record = collections.namedtuple("Record", "partition offset key value headers time")  # in milliseconds


def record(key, value, headers=()):
    """One to send: where it will stand is not known."""
    return Record(None, None, key, value, list(headers), None)


def to_text(data):
    return None if data is None else base64.b64encode(data).decode()


def from_text(text):
    return None if text is None else base64.b64decode(text)


def raw_lines(records):
    """As record_sender and the Java peer read them."""
    return "".join(json.dumps({"key": to_text(each.key), "value": to_text(each.value),
                               "headers": [{"name": name, "value": to_text(value)} for name, value in each.headers]})
                   + "\n" for each in records)


def named_headers(event_id, event_type, correlation_id):
    return [("eventId", event_id.encode()), ("eventType", event_type.encode()),
            ("correlationId", correlation_id.encode())]


class Java:
    """The official client, in a service as one would write it (java/)."""

    can_send = staticmethod(lambda record: True)

    def _run(self, *arguments, given=""):
        jars = pathlib.Path(CLASSES, "jars").read_text().strip()
        quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Dfile.encoding=UTF-8",
                 "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        command, *others = arguments
        return lines_of(run(["java", *quick, "-cp", f"{CLASSES}:{jars}/*", "interop.Peer", command, BROKERS,
                             *others], given))

    def publish_orders(self, topic, orders):
        return self._run("publish", topic, given="".join(json.dumps(order) + "\n" for order in orders))

    def send(self, topic, records):
        return [at["partition"] for at in self._run("send", topic, given=raw_lines(records))]

    def read(self, topic, count):
        return [Record(line["partition"], line["offset"], from_text(line["key"]), from_text(line["value"]),
                       [(header["name"], from_text(header["value"])) for header in line["headers"]], line["time"])
                for line in self._run("read", str(count), topic)]

    def handle(self, group, topic, count):
        """What its handlers took, of so many records."""
        return self._run("handle", group, str(count), topic)


class Python:
    """confluent-kafka. Its default partitioner is not Java's."""

    can_send = staticmethod(lambda record: True)

    def __init__(self):
        self.producer = Producer({"bootstrap.servers": BROKERS, "acks": "all", "partitioner": "murmur2_random"})

    # As the article's Python writes them: snake_case, times without a zone, no aggregate id but the key.
    def publish_orders(self, topic, orders):
        placed = []
        for order in orders:
            event_id = str(uuid.uuid4())
            body = {"event_id": event_id, "event_type": "ORDER_CREATED",
                    "timestamp": datetime.datetime.utcnow().isoformat(), "correlation_id": order["correlationId"],
                    "data": {"customer_id": order["data"]["customerId"], "items": [
                        {"product_id": item["productId"], "quantity": item["quantity"], "price": item["price"]}
                        for item in order["data"]["items"]], "total_amount": order["data"]["totalAmount"]}}
            headers = named_headers(event_id, "ORDER_CREATED", order["correlationId"])
            [partition] = self.send(topic, [record(order["orderId"].encode(), json.dumps(body).encode(), headers)])
            placed.append({"eventId": event_id, "partition": partition})
        return placed

    def send(self, topic, records):
        partitions = [None] * len(records)

        def confirmed(index):
            def answer(error, message):
                if error:
                    raise KafkaException(error)
                partitions[index] = message.partition()
            return answer

        for index, each in enumerate(records):
            self.producer.produce(topic, key=each.key, value=each.value, headers=each.headers,
                                  on_delivery=confirmed(index))
        if self.producer.flush(PATIENCE_SECONDS) > 0:
            raise AssertionError(f"{topic}: not all was confirmed")
        return partitions

    def read(self, topic, count):
        consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "nobody", "enable.auto.commit": False,
                             "isolation.level": "read_committed"})
        try:
            partitions = consumer.list_topics(topic, PATIENCE_SECONDS).topics[topic].partitions
            consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
            found, end = [], time.monotonic() + PATIENCE_SECONDS
            while len(found) < count:
                if time.monotonic() > end:
                    raise AssertionError(f"{topic}: only {len(found)} of {count} came")
                for message in consumer.consume(count - len(found), 0.1):
                    if message.error():
                        raise KafkaException(message.error())
                    found.append(Record(message.partition(), message.offset(), message.key(), message.value(),
                                        message.headers() or [], message.timestamp()[1]))
            return found
        finally:
            consumer.close()


class Kcat:
    """The command line, text only. What is empty and what is null it tells apart in keys or in values, not in both."""

    can_send = staticmethod(lambda record: record.value is not None or record.key)

    def publish_orders(self, topic, orders):
        placed = []
        for order in orders:
            event_id = str(uuid.uuid4())
            now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
            body = {"eventId": event_id, "eventType": "OrderCreated", "timestamp": now,
                    "aggregateId": order["orderId"], "version": 1, "correlationId": order["correlationId"],
                    "data": order["data"]}
            headers = named_headers(event_id, "OrderCreated", order["correlationId"])
            value = json.dumps(body).encode()
            self.send(topic, [record(order["orderId"].encode(), value, headers)])
            placed.append({"eventId": event_id})
        # It does not say where they went.
        where = {header: each.partition for each in self._read(topic, "-e") for name, header in each.headers
                 if name == "eventId"}
        return [{**each, "partition": where[each["eventId"].encode()]} for each in placed]

    def send(self, topic, records):
        for each in records:
            command = ["kcat", "-P", "-b", BROKERS, "-t", topic, "-X", "partitioner=murmur2_random", "-X", "acks=all"]
            for name, value in each.headers:
                command += ["-H", name if value is None else f"{name}={value.decode()}"]
            if each.value is None:
                run([*command, "-Z", "-K", "|"], f"{each.key.decode()}|\n")  # an empty file it would not send
                continue
            if each.key is not None:
                command += ["-k", each.key.decode()]
            with tempfile.NamedTemporaryFile() as file:
                file.write(each.value)
                file.flush()
                run([*command, file.name])

    def read(self, topic, count):
        return self._read(topic, "-c", str(count))

    def _read(self, topic, *until):
        out = run(["kcat", "-C", "-b", BROKERS, "-t", topic, "-o", "beginning", "-q", "-J", *until])
        return [Record(line["partition"], line["offset"], self._bytes(line["key"]), self._bytes(line["payload"]),
                       self._headers(line.get("headers", [])), line["ts"]) for line in lines_of(out)]

    @staticmethod
    def _bytes(text):
        return None if text is None else text.encode()

    def _headers(self, flat):
        return [(name, self._bytes(value)) for name, value in zip(flat[::2], flat[1::2])]


class Deployment(OurService):
    """Topics with a prefix of their own, and our service on them."""

    def __init__(self, orders=0, **options):
        self.prefix = f"i{uuid.uuid4().hex[:8]}."
        options = {"prefix": self.prefix, "create_topics": "yes", "partitions": 5, **options}
        self.url = f"{URL}?" + "&".join(f"{name}={value}" for name, value in options.items())
        super().__init__(SERVICE, self.url, "--orders", str(orders))

    def topic(self, name):
        return self.prefix + name

    def send(self, topic, records):
        run([SENDER, self.url, topic], raw_lines(records))

    def tidings(self, *arguments, given=""):
        return our_service.tidings(self.url, *arguments, given=given)

    def dead_letters(self, count):
        return our_service.dead_letters(self.url, count)
