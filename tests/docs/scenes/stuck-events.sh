# 10,000 events that a payment service gave up: ten are no orders, for the others its bank was away.
export TIDINGS_TRANSPORT='local:/var/lib/shop?sync=none' # no power cut here, and 10,000 replays
stuck_payments --bank down 2>payments.log &
for ((i = 0; i < 10000; ++i)); do
  total=19.99
  ((i >= 10)) || total='"nineteen"'
  echo '{"type":"OrderCreated","key":"o-'$i'","data":{"customerId":"c-'$i'","totalAmount":'$total'}}'
done >orders.ndjson
command tidings publish orders --create-topic --file orders.ndjson
shows '"unsettled":0,.*"dead":10000' tidings --json lag
