"""What a tenant may call a person: the same wherever the id comes in, or nobody could ask under it
what is kept of them, object, or be erased.
"""

import re

LONGEST = 255
WHY = (
    "Use 1-255 characters without spaces, control characters and / \\ ? # %, and not . or .. alone."
)
_NEVER = r"\s\x00-\x1f\x7f-\x9f/?#%\\\ufffd"
# The id is a step of a path: `.` and `..` are resolved there by whoever asks, and what is no UTF-8
# has become U+FFFD, as everybody else's would.
PATTERN = rf"^(?!\.\.?$)[^{_NEVER}]{{1,{LONGEST}}}$"
"""For schemas, which know no halves of surrogate pairs."""
FORM = re.compile(rf"(?!\.\.?\Z)[^{_NEVER}\ud800-\udfff]{{1,{LONGEST}}}")


def flaw_in_user_id(text: str) -> str | None:
    """Why it is no person's id; None when it is one."""
    return None if FORM.fullmatch(text) else WHY
