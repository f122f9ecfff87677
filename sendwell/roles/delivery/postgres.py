"""The delivery role's hot statements for PostgreSQL: one a batch, its columns as arrays."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.domain.errors import Conflict
from sendwell.roles.delivery.rows import COLUMNS, Claim, Postponement, Withdrawal
from sendwell.runtime.postgres_rows import columns, execute, fetch, is_taken
from sendwell.runtime.rows import Values

_WAITING = "('PENDING','SCHEDULED','HELD','RETRYING')"


def put(connection: Connection, rows: Sequence[Values]) -> None:
    """New work. Raises Conflict where somebody has planned one of the deliveries already."""
    try:
        execute(connection, _PUT, *columns(rows))
    except Exception as error:
        if is_taken(error, "work_part"):
            raise Conflict("One of these deliveries is planned already.") from error
        raise


def claim(connection: Connection, claims: Sequence[Claim]) -> list[bool]:
    """Move waiting rows to PROCESSING, one attempt more; False for one that no longer waits.

    Of two claims for one row only the first is granted.
    """
    first = {each.work: place for place, each in reversed(list(enumerate(claims)))}
    granted = fetch(connection, _CLAIM, *columns([claims[place] for place in first.values()]))
    works = {work for (work,) in granted}
    return [each.work in works and first[each.work] == n for n, each in enumerate(claims)]


def postpone(connection: Connection, waits: Sequence[Postponement]) -> None:
    """Put rows back to wait, but not what was cancelled meanwhile; if that was in flight, the row
    goes on saying so.
    """
    execute(connection, _POSTPONE, *columns(waits))


def finish(connection: Connection, works: Sequence[int]) -> None:
    """The work is done."""
    execute(connection, "DELETE FROM work WHERE work=ANY($1::bigint[])", works)


def withdraw(connection: Connection, withdrawals: Sequence[Withdrawal]) -> list[bool]:
    """Move waiting rows to CANCELLED; False for one that somebody has in hand, or has had."""
    withdrawn = {work for (work,) in fetch(connection, _WITHDRAW, *columns(withdrawals))}
    return [each.work in withdrawn for each in withdrawals]


def bury(connection: Connection, letters: Sequence[Values]) -> None:
    """Keep dead letters."""
    execute(connection, _BURY, *columns(letters))


_PUT = f"""
    INSERT INTO work({COLUMNS})
    SELECT * FROM unnest($1::bigint[],$2::bigint[],$3::text[],$4::text[],$5::text[],$6::int[],
    $7::text[],$8::bigint[],$9::int[],$10::bigint[],$11::bigint[],$12::bigint[],$13::text[],
    $14::text[],$15::text[],$16::int[])"""

_CLAIM = f"""
    UPDATE work SET state='PROCESSING',due=0,attempt=attempt+1,claimed_at=v.at,epoch=v.epoch,
    provider=v.provider,reason=NULL
    FROM unnest($1::bigint[],$2::text[],$3::bigint[],$4::bigint[]) AS v(work,provider,at,epoch)
    WHERE work.work=v.work AND state IN {_WAITING} RETURNING work.work"""

_POSTPONE = """
    UPDATE work SET state=v.state,due=v.due,plan=v.plan,
    reason=CASE WHEN work.reason='cancel' THEN 'cancel' ELSE v.reason END
    FROM unnest($1::bigint[],$2::text[],$3::bigint[],$4::text[],$5::text[])
    AS v(work,state,due,reason,plan) WHERE work.work=v.work AND work.state<>'CANCELLED'"""

_WITHDRAW = f"""
    UPDATE work SET state='CANCELLED',due=0,node=v.node,epoch=v.epoch,reason=v.reason
    FROM unnest($1::bigint[],$2::int[],$3::int[],$4::bigint[],$5::text[])
    AS v(work,attempt,node,epoch,reason)
    WHERE work.work=v.work AND work.attempt=v.attempt AND state IN {_WAITING}
    RETURNING work.work"""

_BURY = """
    INSERT INTO dead_letter(tenant,position,notification,part,channel,event_type,lane,cause,code,
    text,provider,attempt,at)
    SELECT * FROM unnest($1::text[],$2::bigint[],$3::text[],$4::text[],$5::text[],$6::text[],
    $7::int[],$8::text[],$9::text[],$10::text[],$11::text[],$12::int[],$13::bigint[])
    ON CONFLICT DO NOTHING"""
