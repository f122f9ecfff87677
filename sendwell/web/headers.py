"""What browsers are told about every answer: nothing from elsewhere, no frames, no referrer."""

_SHARED = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
}

PAGE = {
    **_SHARED,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
}
"""For our own pages. `frame-src 'self'` also keeps a link in a shown mail from loading its site."""

MAIL = {
    **_SHARED,
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
}
"""For the HTML of a message, which strangers wrote: no script, no origin, nothing is fetched."""

ASSET = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""For our static files, whose URLs change with their content."""
