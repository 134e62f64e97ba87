# Two orders that a payment service gave up.
(
  export TIDINGS_TRANSPORT=local:/var/lib/shop
  stuck_payments --bank down 2>payments.log &
  printf '%s\n' '{"type":"OrderCreated","key":"o-'{1,2}'","data":{"customerId":"c-7","totalAmount":19.99}}' |
    command tidings publish orders --create-topic --file -
  shows '"dead":2' tidings --json lag
  end_services
)
