"""The template that a sample organization begins with."""

from sendwell.domain.ids import ChannelName
from sendwell.domain.rendering import TemplateBody
from sendwell.roles.templates.service.drafts import Draft

SAMPLE_CODE = "welcome"
SAMPLE_NAME = "Welcome"

_HTML = """\
<!doctype html>
<html lang="{lang}">
<body style="font-family: sans-serif; line-height: 1.5; color: #1b1b1f">
<h1>{hello}</h1>
<p>{words}</p>
<p><a href="{{{{ link }}}}">{begin}</a></p>
</body>
</html>
"""


def sample_draft() -> Draft:
    """A welcome in English and German, on four channels; its data are `name` and `link`."""
    return Draft(
        bodies={
            ChannelName("email"): {
                "en": TemplateBody(
                    subject="Welcome, {{ name }}",
                    html=_HTML.format(
                        lang="en",
                        hello="Welcome, {{ name }}",
                        words="This is what Sendwell says when nobody has told it anything else.",
                        begin="Begin here",
                    ),
                ),
                "de": TemplateBody(
                    subject="Willkommen, {{ name }}",
                    html=_HTML.format(
                        lang="de",
                        hello="Willkommen, {{ name }}",
                        words="Das sagt Sendwell, solange ihm niemand etwas anderes gesagt hat.",
                        begin="Hier geht es los",
                    ),
                ),
            },
            ChannelName("in_app"): {
                "en": TemplateBody(title="Welcome, {{ name }}", body="Begin here: {{ link }}"),
                "de": TemplateBody(title="Willkommen, {{ name }}", body="Los geht es: {{ link }}"),
            },
            ChannelName("push"): {
                "en": TemplateBody(title="Welcome", body="Good to see you, {{ name }}."),
                "de": TemplateBody(title="Willkommen", body="Schön, dass du da bist, {{ name }}."),
            },
            ChannelName("sms"): {
                "en": TemplateBody(text="Welcome, {{ name }}! Begin here: {{ link }}"),
                "de": TemplateBody(text="Willkommen, {{ name }}! Los geht es: {{ link }}"),
            },
        },
        schema={
            "type": "object",
            "required": ["name", "link"],
            "properties": {
                "name": {"type": "string"},
                "link": {"type": "string", "format": "uri"},
            },
        },
    )
