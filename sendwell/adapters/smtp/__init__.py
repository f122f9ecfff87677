"""The SMTP port: RFC 5321 with persistent, pipelined connections (RFC 2920).

`client` keeps the connections, `opening` makes them (TLS, AUTH), `connection` sends mails over one,
`wire` turns bytes into replies, and `verdict` says what a reply means.
"""

from sendwell.adapters.smtp.client import SmtpClient
from sendwell.adapters.smtp.limits import Limits

__all__ = ["Limits", "SmtpClient"]
