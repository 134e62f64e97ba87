'use strict';
// Publishes orders, confirmed.
//
// usage: node order_publisher.js URL < a JSON array of {routingKey, properties, body}

const amqp = require('amqplib');

async function main() {
  let given = '';
  for await (const part of process.stdin) given += part;
  const connection = await amqp.connect(process.argv[2]);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange('events', 'topic', { durable: true });
  for (const { routingKey, properties, body } of JSON.parse(given)) {
    channel.publish('events', routingKey, Buffer.from(JSON.stringify(body)), {
      persistent: true,
      contentType: 'application/json',
      ...properties,
    });
  }
  await channel.waitForConfirms();
  await connection.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
