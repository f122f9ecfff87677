"""Many messages at once over the driver's channel, each with its confirmation.

The driver's own `basic_publish` takes a task, a lock and a flush for each message, and so three
times the CPU of this (145 µs to 45 for 500 bytes, batches of 500).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiormq import Channel
from aiormq.abc import ChannelFrame
from pamqp.commands import Basic
from pamqp.frame import marshal

from sendwell.adapters.bus.rabbitmq.wire import Letter
from sendwell.ports.bus import Stream


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter on its way, under the number that the broker is going to confirm."""

    id: str
    number: int
    confirmation: "asyncio.Future[object]"


async def send(channel: Channel, stream: Stream, letters: Sequence[Letter]) -> Sequence[Sent]:
    """All are on their way, in order; it waits only while the connection takes no more."""
    publish = Basic.Publish(
        exchange=stream.exchange, routing_key=stream.name, mandatory=not stream.is_event
    )
    first = marshal(publish, channel.number)
    payload = b"".join(part for each in letters for part in (first, each.frames))
    is_flushed = asyncio.get_running_loop().create_future()
    async with channel.lock:
        await channel.write_queue.put(
            ChannelFrame(payload, should_close=False, drain_future=is_flushed)
        )
        # Nobody else runs between the put and this, so the numbers are those of the frames.
        return [_note(channel, each) for each in letters]


def forget(channel: Channel, sent: Sequence[Sent]) -> None:
    """Ids need to be known for as long as their message may return; the same may be sent again."""
    numbers = channel.message_id_delivery_tag
    for each in sent:
        if numbers.get(each.id) == each.number:
            del numbers[each.id]


def _note(channel: Channel, letter: Letter) -> Sent:
    """The driver knows of it: by the number for its confirmation, by the id for its return."""
    channel.delivery_tag += 1
    number, confirmation = channel.delivery_tag, channel.create_future()
    channel.confirmations[number] = confirmation
    channel.message_id_delivery_tag[letter.id] = number
    return Sent(letter.id, number, confirmation)
