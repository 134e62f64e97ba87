"""A service in Python, on pika: it publishes with confirms, mandatory, and consumes from a queue named by its pattern,
whose rejected messages go to `events.dlx`, which it does not declare."""

import datetime
import json
import threading
import time
import uuid

import pika

import our_service

ARGUMENTS = {"x-dead-letter-exchange": "events.dlx", "x-dead-letter-routing-key": "dead.letter"}


def queue_of(pattern):
    return pattern.replace(".", "_") + "_queue"


class Publisher:
    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.exchange_declare(exchange="events", exchange_type="topic", durable=True)
        self.channel.confirm_delivery()

    def publish(self, event_type, data, correlation_id=None):
        """As services publish; returns the envelope."""
        event = {"event_id": str(uuid.uuid4()), "event_type": event_type,
                 "timestamp": datetime.datetime.utcnow().isoformat(),
                 "correlation_id": correlation_id or str(uuid.uuid4()), "data": data}
        self.send(event_type.lower().replace("_", "."), event, message_id=event["event_id"],
                  correlation_id=event["correlation_id"], timestamp=int(time.time()),
                  headers={"event_type": event_type, "version": "1.0"})
        return event

    def send(self, routing_key, body, exchange="events", **properties):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.channel.basic_publish(
            exchange=exchange, routing_key=routing_key, body=text, mandatory=True,
            properties=pika.BasicProperties(content_type="application/json", delivery_mode=2, **properties))

    def delete_queue(self, name):
        self.channel.queue_delete(name)

    def close(self):
        self.connection.close()


class Consumer:
    """Handles on a thread of its own. `failing`: customers whose orders it rejects."""

    def __init__(self, url, pattern, failing=()):
        self.queue = queue_of(pattern)
        self.failing = set(failing)
        self.seen = []  # of each message: event, headers, routing key, whether it was handled
        self.changed = threading.Condition()
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.basic_qos(prefetch_count=10)
        self.channel.exchange_declare(exchange="events", exchange_type="topic", durable=True)
        self.channel.queue_declare(queue=self.queue, durable=True, arguments=ARGUMENTS)
        self.channel.queue_bind(exchange="events", queue=self.queue, routing_key=pattern)
        self.thread = None

    def start(self):
        self.channel.basic_consume(queue=self.queue, on_message_callback=self._on_message, consumer_tag=self.queue)
        self.thread = threading.Thread(target=self.channel.start_consuming)
        self.thread.start()
        return self

    def _on_message(self, channel, method, properties, body):
        try:
            event = json.loads(body)
        except json.JSONDecodeError:
            channel.basic_reject(delivery_tag=method.delivery_tag, requeue=False)
            return
        handled = event["data"].get("customer_id") not in self.failing
        if handled:
            channel.basic_ack(delivery_tag=method.delivery_tag)
        else:
            channel.basic_nack(delivery_tag=method.delivery_tag, requeue=False)
        with self.changed:
            self.seen.append({"event": event, "properties": properties, "headers": properties.headers or {},
                              "routing_key": method.routing_key, "handled": handled})
            self.changed.notify_all()

    def wait(self, count):
        """What it has seen, once it is so much."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.seen) >= count, our_service.PATIENCE_SECONDS):
                raise AssertionError(f"{self.queue}: only {len(self.seen)} of {count} came: {self.seen}")
            return list(self.seen)

    def stop(self):
        if self.thread:
            self.connection.add_callback_threadsafe(self.channel.stop_consuming)
            self.thread.join()
            self.thread = None
        if self.connection.is_open:
            self.connection.close()
