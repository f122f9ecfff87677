"""E-mail messages as bytes, written here because the standard library's writer costs 870 µs a mail.

See docs/decisions/0004-own-smtp-client-and-mime-writer.md.
"""

from sendwell.domain.mime.mail import Mail, write
from sendwell.domain.mime.mailbox import Mailbox

__all__ = ["Mail", "Mailbox", "write"]
