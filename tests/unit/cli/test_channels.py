"""What the doctor says about channels."""

from sendwell.cli.diagnosis.channels import look_at_channels
from sendwell.cli.diagnosis.finding import Level
from sendwell.domain.ids import ChannelName
from sendwell.settings import Settings


def test_a_channel_without_an_account_is_said_to_stop_run() -> None:
    (found,) = look_at_channels(Settings(channels=(ChannelName("email"),)))

    assert Level.NOTE == found.level
    assert "dev mailbox with `sendwell up`" in found.text
    assert "`sendwell run` refuses" in found.text
