"""SMTP (RFC 5321) with persistent, pipelined connections (RFC 2920).

`relay` keeps the connections, `opening` makes them (TLS, AUTH), `connection` sends mails over one,
`wire` turns bytes into replies, and `verdict` says what a reply means.
"""
