"""Services of others and ours understand each other on a real RabbitMQ, both ways. By hand: see README.md.

amqp_interop_test.py [-v] [PythonPublishes | PythonConsumes | JavaScriptRetries | TakenOver]
"""

import calendar
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import node_peer
import our_service
import pika_peer
from our_service import OurService

SERVICE = os.environ["INTEROP_SERVICE"]
HEIR = os.environ["INTEROP_HEIR"]
BROKER = os.environ["INTEROP_BROKER"]
SCRIPT = os.environ["INTEROP_SCRIPT"]


def ctl(*arguments):
    our_service.run([SCRIPT, "ctl", BROKER, *arguments])


class Case(unittest.TestCase):
    """Each has a virtual host of its own, where names are as the article has them."""

    def setUp(self):
        vhost = f"v{uuid.uuid4().hex[:8]}"
        ctl("add_vhost", vhost)
        self.addCleanup(ctl, "delete_vhost", vhost)
        ctl("set_permissions", "--vhost", vhost, "guest", ".*", ".*", ".*")
        self.url = pathlib.Path(BROKER, "url").read_text().strip() + vhost

    def ours(self, program, *arguments, group=None):
        service = OurService(program, self.url, *arguments, environment={"INTEROP_GROUP": group} if group else {})
        self.addCleanup(service.kill)
        return service

    def publisher(self):
        publisher = pika_peer.Publisher(self.url)
        self.addCleanup(publisher.close)
        return publisher

    def consumer(self, pattern, **options):
        consumer = pika_peer.Consumer(self.url, pattern, **options)
        self.addCleanup(consumer.stop)
        return consumer

    def node(self, max_retries, base_delay_ms):
        if node_peer.why_not():
            self.skipTest(node_peer.why_not())
        consumer = node_peer.RetryingConsumer(self.url, max_retries, base_delay_ms)
        self.addCleanup(consumer.stop)
        return consumer

    def tidings(self, *arguments, **options):
        return our_service.tidings(self.url, *arguments, **options)

    def place(self, *customers):
        """Orders that our side publishes; returns their ids."""
        lines = [{"type": "OrderCreated", "key": f"order of {customer}",
                  "data": {"customer_id": customer, "items": [], "total_amount": 12.5}} for customer in customers]
        told = self.tidings("publish", "orders", "--file", "-", given="\n".join(map(json.dumps, lines)))
        return [line["id"] for line in told if "id" in line]

    def wait_for(self, condition):
        end = time.monotonic() + our_service.PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end)

    def refused(self, *arguments):
        done = subprocess.run([our_service.TIDINGS, "--transport", self.url, *arguments], capture_output=True,
                              text=True, timeout=our_service.PATIENCE_SECONDS)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr


def order(customer="c-7"):
    return {"order_id": "ord-1", "customer_id": customer, "total_amount": 99.99,
            "items": [{"product_id": "prod-1", "quantity": 2, "price": 49.995}]}


def seconds_of(text):
    return calendar.timegm(datetime.datetime.fromisoformat(text.replace("Z", "").split(".")[0]).timetuple())


class PythonPublishes(Case):
    def test_our_handlers_take_what_python_publishes_and_it_takes_what_they_publish(self):
        ours = self.ours(SERVICE)
        payments = self.consumer("payment.completed").start()
        theirs = self.publisher()
        split = theirs.publish("ORDER_CREATED", order())
        unsplit = theirs.publish("OrderCreated", order(), correlation_id="a story")
        books = {entry["eventId"]: entry for entry in ours.entries(2)}
        for event, seen in ((split, books[split["event_id"]]), (unsplit, books[unsplit["event_id"]])):
            self.assertEqual((seen["topic"], seen["eventType"], seen["version"]), ("orders", event["event_type"], 1))
            self.assertEqual(seen["correlationId"], event["correlation_id"])
            self.assertEqual(seen["timestamp"].rstrip("Z").rstrip("0"), event["timestamp"].rstrip("0"))
            self.assertEqual(seen["data"], event["data"])
        paid = payments.wait(2)
        self.assertEqual({each["event"]["causation_id"] for each in paid}, set(books))
        for each in paid:
            cause = split if each["event"]["causation_id"] == split["event_id"] else unsplit
            self.assertEqual(each["event"]["data"], {"customer_id": "c-7", "amount": 99.99})
            self.assertEqual(each["event"]["correlation_id"], cause["correlation_id"])
            properties = each["properties"]
            self.assertEqual(properties.message_id, each["event"]["event_id"])
            self.assertEqual(properties.correlation_id, cause["correlation_id"])
            self.assertEqual((properties.content_type, properties.delivery_mode), ("application/json", 2))
            self.assertEqual(properties.timestamp, seconds_of(each["event"]["timestamp"]))
            self.assertEqual((each["headers"]["event_type"], each["routing_key"]),
                             ("PaymentCompleted", "payment.completed"))
        ours.stop()

    def test_our_handlers_take_bare_messages_and_times_that_are_numbers(self):
        ours = self.ours(SERVICE)
        theirs = self.publisher()
        theirs.send("order.created", {"event_type": "ORDER_CREATED", "data": order("bare")})
        theirs.send("order.created", {"event_id": "in-body", "event_type": "OrderCreated", "timestamp": 1767323045.25,
                                      "aggregate_id": "ord-1", "correlation_id": None, "version": "1.0",
                                      "data": order("seconds"), "more": {"unknown": True}})
        theirs.send("ordercreated", {"event_type": "OrderCreated", "timestamp": 1767323045250, "data": order("millis")},
                    message_id="in-properties", timestamp=5, headers={"version": 1, "event_type": "OrderCreated"})
        books = {entry["data"]["customer_id"]: entry for entry in ours.entries(3)}
        self.assertEqual(books["bare"]["eventType"], "ORDER_CREATED")
        self.assertEqual(books["bare"]["topic"], "orders")
        for customer, event_id in (("seconds", "in-body"), ("millis", "in-properties")):
            self.assertEqual((books[customer]["eventId"], books[customer]["timestamp"]),
                             (event_id, "2026-01-02T03:04:05.250000Z"))
        self.assertEqual(books["seconds"]["aggregateId"], "ord-1")
        ours.stop()

    def test_what_nobody_could_handle_is_a_dead_letter_of_ours_and_python_sees_nothing_of_it(self):
        ours = self.ours(SERVICE)
        other = self.consumer("order.created").start()
        theirs = self.publisher()
        refused = theirs.publish("ORDER_CREATED", order("refused"))
        theirs.send("order.created", b"no JSON", message_id="torn", headers={"event_type": "ORDER_CREATED"})
        letters = our_service.dead_letters(self.url, 4)  # that one is given up by both of our groups, and by Python
        self.assertEqual({(each["group"], each["eventId"], each["reason"]) for each in letters},
                         {("order-service", refused["event_id"], "rejected"),
                          ("order-service", "torn", "undecodable"), ("books", "torn", "undecodable"),
                          ("foreign:order_created_queue", "torn", "rejected")})
        last = theirs.publish("ORDER_CREATED", order())
        ours.entries(2)
        self.assertEqual([each["event"]["event_id"] for each in other.wait(2)], [refused["event_id"], last["event_id"]])
        ours.stop()


class PythonConsumes(Case):
    def setUp(self):
        super().setUp()
        self.service = self.ours(SERVICE)
        self.python = self.consumer("order.created", failing=["theirs"]).start()

    def letters(self, count):
        return our_service.dead_letters(self.url, count)

    def test_it_takes_our_events_and_what_it_rejects_is_shown_and_replayed_to_its_queue_alone(self):
        fine, failed = self.place("c-1", "theirs")
        seen = self.python.wait(2)
        self.assertEqual([(each["event"]["event_id"], each["handled"]) for each in seen],
                         [(fine, True), (failed, False)])
        self.assertEqual(seen[0]["event"]["data"], {"customer_id": "c-1", "items": [], "total_amount": 12.5})
        [letter] = self.letters(1)
        self.assertEqual((letter["group"], letter["subscription"], letter["reason"], letter["attempts"]),
                         ("foreign:order_created_queue", "order_created_queue", "rejected", 1))
        self.assertEqual((letter["eventId"], letter["topic"], letter["key"]), (failed, "orders", "order of theirs"))
        [shown] = self.tidings("dead", "show", letter["id"])
        self.assertEqual(shown["body"]["data"]["customer_id"], "theirs")
        self.python.failing.clear()
        [report] = self.tidings("dead", "replay", letter["id"])
        self.assertEqual((report["selected"], report["done"]), (1, 1))
        again = self.python.wait(3)[2]
        self.assertEqual((again["event"]["event_id"], again["handled"]), (failed, True))
        self.assertNotIn("x-death", again["headers"])
        [death] = again["headers"]["x-original-death"]
        self.assertEqual((death["queue"], death["reason"]), ("order_created_queue", "rejected"))
        self.assertEqual(self.tidings("dead", "list")[0]["deadLetters"], [])
        [marker] = self.place("c-2")
        self.assertEqual([entry["eventId"] for entry in self.service.entries(3)], [fine, failed, marker])
        self.service.stop()

    def test_its_dead_letters_are_discarded_and_kept_where_they_cannot_be_replayed(self):
        first, second = self.place("theirs", "theirs")
        self.python.wait(2)
        letters = self.letters(2)
        self.assertEqual({each["eventId"] for each in letters}, {first, second})
        self.tidings("dead", "discard", letters[0]["id"])
        [left] = self.letters(1)
        self.assertEqual(left["id"], letters[1]["id"])
        self.python.stop()
        theirs = self.publisher()
        theirs.delete_queue("order_created_queue")
        said = self.refused("dead", "replay", left["id"])
        self.assertIn("queue 'order_created_queue', which gave dead letter", said)
        self.assertEqual(self.letters(1), [left])
        theirs.send("orders.dead", {"data": {}}, exchange="events.dlx", message_id="of nowhere")
        unknown = [each for each in self.letters(2) if each["id"] != left["id"]][0]
        self.assertEqual((unknown["group"], unknown["eventId"]), ("foreign:unknown", "of nowhere"))
        self.assertIn("says no queue that gave it up", self.refused("dead", "replay", unknown["id"]))
        self.tidings("dead", "discard", "--all")
        self.assertEqual(self.tidings("dead", "list")[0]["deadLetters"], [])
        self.service.stop()


class JavaScriptRetries(Case):
    """Its retry queues expire into the exchange that all share."""

    MOST = 2

    def test_its_retries_come_to_our_queues_too_and_nothing_is_lost(self):
        theirs = self.node(self.MOST, 300)
        ours = self.ours(SERVICE)
        other = self.consumer("order.created").start()
        fine, once, often = self.place("c-1", "fails-1", "fails-9")
        seen = theirs.wait(1 + 2 + 1 + self.MOST)
        handled = [each["id"] for each in seen if each["handled"]]
        self.assertEqual(sorted(handled), sorted([fine, once]))
        self.assertEqual([each["retries"] for each in seen if each["id"] == once], [0, 1])
        copies = {event_id: sum(each["id"] == event_id for each in seen) for event_id in (fine, once, often)}
        self.assertEqual(copies, {fine: 1, once: 2, often: 1 + self.MOST})
        # The original, and each of its retries: with the same id, which an inbox knows.
        books = ours.entries(sum(copies.values()))
        self.assertEqual({event_id: sum(entry["eventId"] == event_id for entry in books) for event_id in copies}, copies)
        for entry in books:
            self.assertEqual(entry["topic"], "orders")
        other.wait(sum(copies.values()))  # and to everybody else's
        [letter] = our_service.dead_letters(self.url, 1)
        self.assertEqual((letter["group"], letter["eventId"], letter["reason"]),
                         ("foreign:orders.queue", often, "rejected"))
        self.replay_goes_to_its_queue_alone(theirs, ours, letter, sum(copies.values()))
        ours.stop()

    def replay_goes_to_its_queue_alone(self, theirs, ours, letter, before):
        self.tidings("dead", "replay", letter["id"])
        # It begins anew: its deaths have another name.
        again = theirs.wait(before + 1 + self.MOST)[before:]
        self.assertEqual([(each["id"], each["retries"]) for each in again], [(letter["eventId"], 0),
                                                                             (letter["eventId"], 1),
                                                                             (letter["eventId"], 2)])
        death = again[0]["headers"]["x-original-death"][0]
        self.assertEqual((death["queue"], death["reason"]), ("orders.queue", "rejected"))
        [letter] = our_service.dead_letters(self.url, 1)
        # Of these we saw its retries, not the replay.
        [last] = self.place("c-9")
        ours.entries(1, lambda entry: entry["eventId"] == last)
        self.assertEqual(sum(entry["eventId"] == letter["eventId"] for entry in ours.books), 1 + self.MOST + self.MOST)

    def test_our_dead_letters_of_what_it_retries_are_one_and_our_retries_none_of_its(self):
        theirs = self.node(self.MOST, 300)
        ours = self.ours(HEIR)
        node_peer.publish(self.url, [{
            "routingKey": "order.created",
            "properties": {"messageId": f"js-{customer}", "headers": {"event_type": "ORDER_CREATED"}},
            "body": {"event_type": "ORDER_CREATED", "data": {"customer_id": customer, "total_amount": 1}}}
            for customer in ("unlucky", "c-1")])
        runs = ours.entries(3, lambda entry: entry["handler"] == "take")
        self.assertEqual(sorted((entry["eventId"], entry["attempt"]) for entry in runs),
                         [("js-c-1", 1), ("js-unlucky", 1), ("js-unlucky", 2)])
        self.assertEqual(sorted(each["id"] for each in theirs.wait(2)), ["js-c-1", "js-unlucky"])
        for entry in ours.entries(2, lambda entry: entry["handler"] == "watch"):
            self.assertEqual(entry["topic"], "order.*")  # no service of ours declared the type
        node_peer.publish(self.url, [{
            "routingKey": "order.created", "properties": {"messageId": "js-last"},
            "body": {"event_type": "ORDER_CREATED", "data": {"customer_id": "fails-1", "total_amount": 1}}}])
        self.assertEqual([each["id"] for each in theirs.wait(4)[2:]], ["js-last", "js-last"])
        self.wait_for(lambda: self.dead_of("heir") == 2)  # the original, and the retry of theirs
        [letter] = self.tidings("dead", "list")[0]["deadLetters"]
        self.assertEqual((letter["group"], letter["eventId"]), ("heir", "js-last"))
        self.tidings("dead", "discard", letter["id"])
        self.assertEqual(self.dead_of("heir"), 0)
        ours.stop()

    def dead_of(self, group):
        return sum(row["dead"] for row in self.tidings("lag")[0]["lag"] if row["group"] == group)


class TakenOver(Case):
    """The queue that a service in Python declared, read by ours with its name."""

    def heir(self, group=None):
        return self.ours(HEIR, group=group)

    @staticmethod
    def taken(service, count):
        return service.entries(count, lambda entry: entry["handler"] == "take")

    def test_we_consume_the_queue_that_python_declared_and_it_may_come_back(self):
        python = self.consumer("order.created")
        python.stop()
        theirs = self.publisher()
        waiting = [theirs.publish("ORDER_CREATED", order(customer))["event_id"] for customer in ("c-1", "unlucky")]
        ours = self.heir()
        runs = self.taken(ours, 3)
        self.assertEqual([(entry["eventId"], entry["attempt"]) for entry in runs],
                         [(waiting[0], 1), (waiting[1], 1), (waiting[1], 2)])
        refused = theirs.publish("ORDER_CREATED", order("refused"))["event_id"]
        [letter] = our_service.dead_letters(self.url, 1)
        self.assertEqual((letter["group"], letter["subscription"], letter["eventId"], letter["reason"]),
                         ("heir", "order.created", refused, "rejected"))
        [row] = [row for row in self.tidings("lag")[0]["lag"] if row["group"] == "heir"]
        self.assertEqual((row["unsettled"], row["dead"]), (0, 1))
        back = self.consumer("order.created").start()  # declares it as before
        ours.stop()
        last = theirs.publish("ORDER_CREATED", order())["event_id"]
        self.assertEqual(back.wait(1)[-1]["event"]["event_id"], last)

    def test_python_consumes_the_queue_that_we_declared(self):
        self.heir().stop()
        theirs = self.publisher()
        waiting = theirs.publish("OrderCreated", order())["event_id"]  # by `ordercreated`
        python = self.consumer("order.created").start()
        self.assertEqual(python.wait(1)[0]["event"]["event_id"], waiting)

    def test_one_of_our_processes_reads_it_at_a_time_and_the_next_takes_over(self):
        first = self.heir()
        theirs = self.publisher()
        ids = [theirs.publish("ORDER_CREATED", order())["event_id"] for _ in range(3)]
        self.assertEqual([entry["eventId"] for entry in self.taken(first, 3)], ids)
        second = self.heir()
        ids = [theirs.publish("ORDER_CREATED", order())["event_id"] for _ in range(20)]
        self.assertEqual([entry["eventId"] for entry in self.taken(first, 23)][3:], ids)
        self.assertEqual(self.taken(second, 0), [])
        first.kill()
        ids = [theirs.publish("ORDER_CREATED", order())["event_id"] for _ in range(3)]
        self.assertEqual([entry["eventId"] for entry in self.taken(second, 3)][-3:], ids)
        second.stop()

    def test_a_second_group_on_it_is_a_conflict_at_its_start(self):
        ours = self.heir()
        done = subprocess.run([HEIR, "--transport", self.url], env={**os.environ, "INTEROP_GROUP": "other"},
                              capture_output=True, text=True, timeout=our_service.PATIENCE_SECONDS)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("queue 'order_created_queue' is read by group 'heir' already", done.stdout + done.stderr)
        ours.stop()
        self.tidings("groups", "remove", "heir")
        self.tidings("groups", "remove", "heir-watch")
        self.heir("other").stop()


if __name__ == "__main__":
    unittest.main()
