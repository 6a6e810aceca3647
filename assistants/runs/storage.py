"""What a turn writes, in two statements: the question with its run (or another run for it), and what came of it.

A statement with data-modifying CTEs stores all of its rows or none, so it needs no transaction around it: that makes
two round trips to the database where BEGIN, one statement a row and COMMIT make eleven. Rows are ordinary unsaved
model instances; their fields say how values are stored, so another kind of key or a new column changes nothing here.

The SQL is put together from the names of our own tables and columns (hence the S608s); every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import Field, Model
from django.utils import timezone

from assistants.models import IdempotencyKey, Message, Run, RunEvent, RunLease, Thread
from assistants.runs.process import process_id
from assistants.runs.variants import Answers
from tenants.budgets.store import Reservation, settle_sql
from tenants.context import require_tenant

Sql = tuple[str, list[Any]]


class LeaseLost(Exception):
    """The run is another process' by now, or has ended: nothing was stored."""


def store_question(
    run: Run,
    question: Message,
    thread: Mapping[str, Any],
    lease: RunLease,
    key: IdempotencyKey | None = None,
    budget: Reservation | None = None,
    *,
    earlier: int,
    new_thread: Thread | None = None,
) -> list[dict[str, Any]]:
    """Store a question, its run, the run's lease and the request's key, and change these fields of their thread. What
    the run may use is set aside at its budgets, if there are any.

    ``new_thread`` is a thread that is not stored yet: it is, together with them, and needs no change.

    Returns the newest ``earlier`` messages of before, newest first, as LangChain dicts: the statement's own rows are
    not among them, as it reads what was there when it began. Raises and stores nothing: ``IntegrityError`` where the
    thread has an active run, or is there no more; ``BudgetExhausted``.
    """
    of_thread = _insert([new_thread]) if new_thread is not None else _update(Thread, run.thread_id, thread)
    writes = [_insert([run]), _insert([question]), of_thread, _insert([lease])]
    writes += [_insert([key])] if key is not None else []
    return _begin(writes, _newest(run, earlier), budget)


def store_another_run(
    run: Run,
    asked_at: datetime,
    lease: RunLease,
    key: IdempotencyKey | None = None,
    budget: Reservation | None = None,
    *,
    earlier: int,
) -> list[dict[str, Any]]:
    """Store another run for a question that is there already, its lease and the request's key.

    Returns the newest ``earlier`` messages from before the question, and raises, as ``store_question`` does.
    """
    writes = [_insert([run]), _update(Thread, run.thread_id, {"updated_at": timezone.now()}), _insert([lease])]
    writes += [_insert([key])] if key is not None else []
    return _begin(writes, _newest(run, earlier, before=asked_at), budget)


def store_answer(
    run: Run,
    changes: Mapping[str, Any],
    messages: Sequence[Message],
    events: Sequence[RunEvent],
    updated_at: Any,
    others: Answers | None = None,
    used: tuple[int, Decimal] = (0, Decimal(0)),
) -> None:
    """Store messages and events, change these fields of the run, date the thread, and end the lease. All or nothing.

    ``others`` says which of the question's answers is shown from now on, where it has several. ``used`` (tokens and US
    dollars) is counted at the budgets at which the run had set something aside. Raises ``LeaseLost``
    where this process does not hold the run's lease. It was held for dead and another one has taken the run, or this
    is a second attempt whose first one was successful, unheard: a second answer would be wrong.
    """
    writes = [_end_lease(run), *([_insert(messages)] if messages else [])]
    writes += [_insert(events, or_nothing=True)] if events else []  # the log may have stored some of them, unheard
    writes += [_update(Run, run.pk, changes), _update(Thread, run.thread_id, {"updated_at": updated_at})]
    writes += [_show(others)] if others is not None else []
    settled, values = settle_sql(str(run.pk), *(("%s", [each]) for each in used))
    try:
        # Without a lease that has just ended, this divides by zero, and the whole statement stores nothing.
        _run(writes, (f"SELECT 1 / (SELECT count(*) FROM write_0), ({settled})", values))  # noqa: S608
    except (DataError, IntegrityError) as error:
        if _holds_lease(run):
            raise
        raise LeaseLost from error


def show_answer(answers: Answers) -> None:
    """Show this answer of the question's, and number them."""
    _run([_show(answers)], ("SELECT 1 WHERE false", []))


def store_decisions(
    run: Run,
    changes: Mapping[str, Any],
    proposal: Message,
    lease: RunLease,
    key: IdempotencyKey | None = None,
    budget: Reservation | None = None,
) -> None:
    """Change these fields of a run that goes on, keep the message that proposed its calls as it is now, store the
    run's lease and the request's key, and set aside what it may use. All of it or nothing; ``BudgetExhausted``."""
    writes = [_update(Run, run.pk, changes), _update(Message, proposal.pk, {"message": proposal.message})]
    writes += [_insert([lease])]
    writes += [_insert([key])] if key is not None else []
    _begin(writes, ("SELECT NULL WHERE false", []), budget)


def give_keys(rows: Sequence[Model]) -> None:
    """Give keys to rows that have none yet, so that others can name them before they are stored.

    UUIDs are made with the row, and cost nothing here; numbers come from the tables' own sequences, in one query.
    """
    waiting = [row for row in rows if row.pk is None]
    if not waiting:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(['nextval(pg_get_serial_sequence(%s, %s))'] * len(waiting))}",
            [name for row in waiting for name in (row._meta.db_table, _key(type(row)).column)],
        )
        for row, key in zip(waiting, cursor.fetchone(), strict=True):
            row.pk = key


def _begin(writes: Sequence[Sql], read: Sql, budget: Reservation | None) -> list[dict[str, Any]]:
    """Run what begins a run; the budget comes first, so that all statements lock its counters before other rows."""
    if budget is None:
        return _messages_of(_run(writes, read))
    reserve, values = budget.as_sql()
    # Both halves of a UNION ALL are executed, also where the second one has nothing to say.
    try:
        return _messages_of(_run(writes, (f"{reserve} UNION ALL ({read[0]})", [*values, *read[1]]))[1:])
    except DatabaseError as error:
        raise budget.exhausted_by(error) or error from None


def _run(writes: Sequence[Sql], read: Sql) -> list[tuple[Any, ...]]:
    """Run the writes as one statement that returns what ``read`` selects."""
    names = [f"write_{number}" for number in range(len(writes))]
    parts = ", ".join(f"{name} AS ({sql})" for name, (sql, _) in zip(names, writes, strict=True))
    values = [value for _, values in (*writes, read) for value in values]
    with _whole(), connection.cursor() as cursor:
        cursor.execute(f"WITH {parts} {read[0]}", values)
        return cursor.fetchall()


def _whole() -> AbstractContextManager[Any]:
    """One statement is whole by itself. Inside a caller's transaction, its failure must not spoil that: a savepoint."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _newest(run: Run, number: int, before: datetime | None = None) -> Sql:
    """The newest messages of the run's thread that are shown, newest first."""
    values: list[Any] = [run.thread_id]
    where = "thread_id = %s AND NOT superseded"
    if before is not None:
        where, values = f"{where} AND created_at < %s", [*values, before]
    select = f"SELECT message FROM {_table(Message)} WHERE {where}"  # noqa: S608
    return f"{select} ORDER BY created_at DESC, id DESC LIMIT %s", [*values, number]


def _messages_of(rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [orjson.loads(row[0]) for row in rows]


def _show(answers: Answers) -> Sql:
    """The stored messages of a question's answers: shown or not, and which of how many answers they belong to."""
    field: Any = Message._meta.get_field("run")
    shown, runs = _stored(field, answers.shown), [_stored(field, run_id) for run_id in answers.runs]
    numbers = " ".join(f"WHEN %s THEN {answers.number_of(run_id)}" for run_id in answers.runs)
    changes = (
        f"superseded = run_id IS DISTINCT FROM %s, variant = CASE run_id {numbers} END, variants = {answers.total}"
    )
    where = f"run_id IN ({', '.join(['%s'] * len(runs))}) AND id <> %s"
    update = f"UPDATE {_table(Message)} SET {changes} WHERE {where}"  # noqa: S608
    return update, [shown, *runs, *runs, answers.question_id]


def _insert(rows: Sequence[Model], *, or_nothing: bool = False) -> Sql:
    """Rows of one table; ``or_nothing``: without those that are there already."""
    # A key that the table makes itself (a lease's) is left to it.
    fields = [field for field in rows[0]._meta.concrete_fields if not (field.primary_key and rows[0].pk is None)]
    columns = ", ".join(_quoted(field.column) for field in fields)
    places = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * len(rows))
    values = [_stored(field, _value(row, field)) for row in rows for field in fields]
    ending = " ON CONFLICT DO NOTHING" if or_nothing else ""
    return f"INSERT INTO {_table(type(rows[0]))} ({columns}) VALUES {places}{ending}", values  # noqa: S608


def _update(model: type[Model], key: Any, changes: Mapping[str, Any]) -> Sql:
    """Fields of one row, by name."""
    fields: list[Any] = [model._meta.get_field(name) for name in changes]
    places = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    values = [_stored(field, value) for field, value in zip(fields, changes.values(), strict=True)]
    where = f"WHERE {_quoted(_key(model).column)} = %s"
    return f"UPDATE {_table(model)} SET {places} {where}", [*values, key]  # noqa: S608


def _end_lease(run: Run) -> Sql:
    where = "schema_name = %s AND run_id = %s AND owner = %s"
    values = [require_tenant().schema_name, str(run.pk), process_id()]
    return f"DELETE FROM {_table(RunLease)} WHERE {where} RETURNING id", values  # noqa: S608


def _holds_lease(run: Run) -> bool:
    mine = RunLease.objects.filter(schema_name=require_tenant().schema_name, owner=process_id())
    return mine.filter(run_id=str(run.pk)).exists()


def _value(row: Model, field: Field[Any, Any]) -> Any:
    """The row's value; one that is still to be made (a time of creation) is made now."""
    value = getattr(row, field.attname)
    return field.pre_save(row, add=True) if value is None else value


def _stored(field: Any, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _key(model: type[Model]) -> Any:
    assert model._meta.pk is not None
    return model._meta.pk


def _table(model: type[Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: Any) -> str:
    return connection.ops.quote_name(name)
