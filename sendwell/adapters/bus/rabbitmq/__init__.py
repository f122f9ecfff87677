"""The bus on RabbitMQ (AMQP 0-9-1), by aio-pika's own driver, aiormq.

`bus` is the port; `topology` makes exchanges and queues, `outlet` publishes to one stream, `member`
reads one queue through an `intake`; `link` keeps a connection, `wire` turns parcels into messages.

Facts of the broker that shape it:

- Messages that are given back one by one lose their place. Closing the channel gives all of them
  back in their order, at once, and counts as a try: so that is how a refused batch goes back.
- A memory or disk alarm stops the reading of connections that publish, acknowledgements and all:
  so those who publish have a connection of their own.
- It writes down a new quorum queue within a second. Killed before, it forgets what was confirmed in
  it, and who leads it: nothing is confirmed there until somebody deletes it (seen with 3.10).
"""

from sendwell.adapters.bus.rabbitmq.bus import RabbitBus

__all__ = ["RabbitBus"]
