# A shop with events, dead letters, and a service's database.
export TIDINGS_TRANSPORT=local:/var/lib/shop
stuck_payments --bank down 2>payments.log &
printf '%s\n' '{"type":"OrderCreated","key":"o-'{1,2,3,4,5,6}'","data":{"customerId":"c-7","totalAmount":19.99}}' |
  command tidings publish orders --create-topic --file -
command tidings publish orders --type OrderCreated --key o-7 --data '{"customerId":"c-7","totalAmount":"nineteen"}'
shows '"dead":7' tidings --json lag
command ledger 2>ledger.log &
shows '"message":"running"' cat ledger.log
stop_service
cp ledger.db /var/lib/shop/order.db
generate() { seq -f '{"key":"o-%g","data":{"customerId":"c-7","totalAmount":1}}' 3; }
generate | sed 's/^{/{"type":"OrderCreated",/' >events.ndjson
