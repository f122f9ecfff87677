"""The templates role at work."""

from sendwell.roles.templates.service.drafts import Draft
from sendwell.roles.templates.service.previews import Preview
from sendwell.roles.templates.service.templates import Templates

__all__ = ["Draft", "Preview", "Templates"]
