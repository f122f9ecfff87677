"""What comments and documents refer to can be read by whoever reads them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = re.compile(
    r"\b(SETTLED|PERFORMANCE|RELIABILITY|ARCHITECTURE|CONVENTIONS|ROADMAP|SERVERS\.md)\b"
    r"|\bPRODUCT (?:glossary|section)|\b[Ss]eeds? 0\d\d"
)
"""How pages are cited that are not in this repository: their facts belong where they are needed."""
PAGE = re.compile(r"\bdocs/(?:decisions/\d{4}|[a-z/-]+\.md)")


def test_no_comment_or_page_refers_to_what_is_not_here() -> None:
    cited = [f"{where}: {line.strip()}" for where, line in lines() if ELSEWHERE.search(line)]

    assert cited == []


def test_the_pages_that_comments_name_are_there() -> None:
    named = {page for _, line in lines() for page in PAGE.findall(line)}

    assert [page for page in sorted(named) if not list(ROOT.glob(f"{page}*"))] == []


def lines() -> Iterator[tuple[str, str]]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")]
    for file in [*pages, *(ROOT / "sendwell").rglob("*.py")]:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            yield f"{file.relative_to(ROOT)}:{number}", line
