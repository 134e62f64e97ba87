# A shop at work.
export TIDINGS_TRANSPORT=local:/var/lib/shop
stuck_payments --bank up 2>payments.log &
printf '%s\n' '{"type":"OrderCreated","key":"o-'{1,2,3}'","data":{"customerId":"c-7","totalAmount":19.99}}' |
  command tidings publish orders --create-topic --file -
settled
unset TIDINGS_TRANSPORT
