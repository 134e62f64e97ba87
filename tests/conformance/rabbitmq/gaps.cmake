# Tests of the suite that RabbitMQ's driver does not pass, by what it is or by what it lacks. They are not registered:
# what is registered passes. Run one by hand: TIDINGS_RABBITMQ_URL=... rabbitmq_conformance --gtest_filter=NAME
set(rabbitmq_gaps
  # By design: a pattern is a routing key. It reads events whose type matches, and not all of the topics on which such a
  # type was declared.
  */SubscriptionConformance.APatternReadsTopicsOfMatchingTypes/*
  */SubscriptionConformance.APatternReadsWhatIsDeclaredLaterElsewhere/*
  # By design: queues have no retention; declare() refuses it.
  */RetentionConformance.*
)
list(JOIN rabbitmq_gaps ":" rabbitmq_gaps)
