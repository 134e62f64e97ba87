'use strict';
// A service with retries of its own: what fails waits in one of its retry queues, whose messages expire into the
// exchange that all share; what fails too often its queue lets go to `events.dlx`.
//
// usage: node retrying_consumer.js URL MAX_RETRIES BASE_DELAY_MS
// Standard output: a line of JSON once it consumes, and for each message that it sees. Runs until its input ends.

const amqp = require('amqplib');

const [url, maxRetries, baseDelay] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

// Summed over all that `x-death` tells, as the article does.
function retriesOf(message) {
  const deaths = message.properties.headers['x-death'] || [];
  return deaths.reduce((sum, death) => sum + death.count, 0);
}

async function declare(channel) {
  for (const exchange of ['events', 'events.dlx', 'events.retry']) {
    await channel.assertExchange(exchange, 'topic', { durable: true });
  }
  await channel.assertQueue('orders.queue', {
    durable: true,
    arguments: { 'x-dead-letter-exchange': 'events.dlx', 'x-dead-letter-routing-key': 'orders.dead' },
  });
  for (let i = 1; i <= maxRetries; i++) {
    await channel.assertQueue(`orders.retry.${i}`, {
      durable: true,
      arguments: {
        'x-dead-letter-exchange': 'events',
        'x-dead-letter-routing-key': 'order.created',
        'x-message-ttl': baseDelay * 2 ** (i - 1),
      },
    });
    await channel.bindQueue(`orders.retry.${i}`, 'events.retry', `orders.retry.${i}`);
  }
  await channel.assertQueue('orders.dlq', { durable: true });
  await channel.bindQueue('orders.dlq', 'events.dlx', 'orders.dead');
  await channel.bindQueue('orders.queue', 'events', 'order.created');
}

// The customer decides how often it fails.
function failures(event) {
  const match = /^fails-(\d+)$/.exec(event.data.customer_id);
  return match ? Number(match[1]) : 0;
}

function retry(channel, message, number) {
  const headers = {
    ...message.properties.headers,
    'x-retry-count': number,
    'x-original-routing-key': message.fields.routingKey,
  };
  channel.publish('events.retry', `orders.retry.${number}`, message.content, { ...message.properties, headers });
}

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await declare(channel);
  await channel.prefetch(10);
  const seen = new Map(); // by id: how often it failed
  await channel.consume('orders.queue', (message) => {
    const retries = retriesOf(message);
    const event = JSON.parse(message.content.toString());
    const id = message.properties.messageId;
    const failed = seen.get(id) || 0;
    const fails = failed < failures(event);
    say({ id, retries, handled: !fails, event, headers: message.properties.headers });
    if (!fails) {
      channel.ack(message);
    } else {
      seen.set(id, failed + 1);
      if (retries < maxRetries) {
        retry(channel, message, retries + 1);
        channel.ack(message);
      } else {
        channel.nack(message, false, false);
      }
    }
  });
  say({ consuming: true });
  process.stdin.on('end', async () => {
    await channel.close();
    await connection.close();
  });
  process.stdin.resume();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
