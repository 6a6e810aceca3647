"""A schema as SQL that makes the same in an empty one: written from PostgreSQL's catalogues.

``pg_dump`` would do it, too, but it is a program of the server's version that a web server's machine need not have
(docs/decisions/0007-...). What this does not know (types, policies, partitions) is found by the comparison in
``template.py``, and such a schema is migrated instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from tenants.db_backend.place import quoted as _q

_TABLES = """
    SELECT c.oid, c.relname, c.reloptions, obj_description(c.oid, 'pg_class') FROM pg_class c
    WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' ORDER BY c.oid
"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attidentity,
        a.attgenerated, CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
        a.attnotnull,
        (SELECT conname FROM pg_constraint WHERE conrelid = a.attrelid AND contype = 'n' AND conkey = ARRAY[a.attnum]),
        (SELECT dep.objid FROM pg_depend dep WHERE dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum
            AND dep.classid = 'pg_class'::regclass AND dep.deptype = 'i' AND a.attidentity <> ''),
        col_description(a.attrelid, a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
    SELECT r.relname, k.conname, k.contype, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')
    FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
    WHERE k.connamespace = %s::regnamespace AND k.contype IN ('p', 'u', 'c', 'x', 'f') ORDER BY k.oid
"""
_INDEXES = """
    SELECT i.relname, pg_get_indexdef(i.oid), obj_description(i.oid, 'pg_class')
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE i.relnamespace = %s::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY i.oid
"""
_SEQUENCES = """
    SELECT s.seqrelid, r.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
        s.seqcache, s.seqcycle, pg_sequence_last_value(s.seqrelid),
        (SELECT dep.deptype FROM pg_depend dep WHERE dep.objid = r.oid AND dep.classid = 'pg_class'::regclass
            AND dep.deptype IN ('a', 'i')),
        (SELECT quote_ident(t.relname) || '.' || quote_ident(a.attname) FROM pg_depend dep
            JOIN pg_class t ON t.oid = dep.refobjid
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = dep.refobjsubid
            WHERE dep.objid = r.oid AND dep.classid = 'pg_class'::regclass AND dep.deptype = 'a')
    FROM pg_sequence s JOIN pg_class r ON r.oid = s.seqrelid
    WHERE r.relnamespace = %s::regnamespace ORDER BY s.seqrelid
"""
_CODE = """
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = %s::regnamespace AND prokind IN ('f', 'p')
"""
_LATE = """
    SELECT format('CREATE VIEW %%I AS %%s', relname, pg_get_viewdef(oid)) FROM pg_class
        WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'v'
    UNION ALL
    SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid
        WHERE r.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal
"""


def script_of(schema_name: str, since: datetime) -> str:
    """SQL that makes the schema's objects and rows again in whichever empty schema is first on the search path.

    Moments after ``since`` in the rows become the moment of the replay: they are when the template was made. To be
    called in the schema's own context.
    """
    statements = [statement.rstrip().rstrip(";") for statement in _statements(schema_name, since)]
    text = ";\n".join(statements) + ";"
    return text.replace(f"{schema_name}.", "")  # some definitions name the schema whatever the path


def _statements(schema_name: str, since: datetime) -> Iterator[str]:
    sequences = _query(_SEQUENCES, [schema_name])
    constraints = _query(_CONSTRAINTS, [schema_name])
    tables = _query(_TABLES, [schema_name])
    yield "SET LOCAL check_function_bodies = off"  # a body may name a table that comes later
    yield from (definition for (definition,) in _query(_CODE, [schema_name]))
    yield from _free_sequences(sequences)
    options = {row[0]: _sequence_options(row) for row in sequences}
    columns = {oid: _query(_COLUMNS, [oid]) for oid, *_ in tables}
    for oid, name, storage, comment in tables:
        yield _table(name, columns[oid], [row for row in constraints if row[0] == name], options, storage)
        yield from _comments(name, comment, columns[oid])
    for row in sequences:
        if row[10] == "a":
            yield f"ALTER SEQUENCE {_q(row[1])} OWNED BY {row[11]}"
    for oid, name, *_ in tables:
        yield from _rows(name, columns[oid], since)
    for row in sequences:
        if row[9] is not None:
            yield f"SELECT setval('{_q(row[1])}', {row[9]})"
    yield from _foreign_keys(constraints)
    indexes = _query(_INDEXES, [schema_name])
    yield from (definition for _, definition, _ in indexes)
    yield from (definition for (definition,) in _query(_LATE, {"schema": schema_name}))
    for name, _, comment in indexes:
        if comment:
            yield f"COMMENT ON INDEX {_q(name)} IS {_literal(comment)}"
    for table, name, _, _, comment in constraints:
        if comment:
            yield f"COMMENT ON CONSTRAINT {_q(name)} ON {_q(table)} IS {_literal(comment)}"


def _table(name: str, columns: list[Any], constraints: list[Any], options: dict[int, str], storage: Any) -> str:
    parts = [_column(column, options) for column in columns]
    parts += [f"CONSTRAINT {_q(each[1])} {each[3]}" for each in constraints if each[2] != "f"]
    with_storage = f" WITH ({', '.join(storage)})" if storage else ""
    return f"CREATE TABLE {_q(name)} ({', '.join(parts)}){with_storage}"


def _column(column: Any, options: dict[int, str]) -> str:
    name, kind, default, identity, generated, collation, not_null, not_null_name, sequence, _ = column
    parts = [_q(name), kind]
    if collation:
        parts.append(f"COLLATE {collation}")
    if not_null:
        parts.append(f"CONSTRAINT {_q(not_null_name)} NOT NULL" if not_null_name else "NOT NULL")
    if identity:
        always = "ALWAYS" if identity == "a" else "BY DEFAULT"
        parts.append(f"GENERATED {always} AS IDENTITY ({options[sequence]})")
    elif generated:
        parts.append(f"GENERATED ALWAYS AS ({default}) {'STORED' if generated == 's' else 'VIRTUAL'}")
    elif default is not None:
        parts.append(f"DEFAULT {default}")
    return " ".join(parts)


def _sequence_options(row: Any) -> str:
    _, name, _, start, increment, least, most, cache, cycle, *_ = row
    named = f"SEQUENCE NAME {_q(name)} START WITH {start} INCREMENT BY {increment} MINVALUE {least} MAXVALUE {most}"
    return f"{named} CACHE {cache} {'CYCLE' if cycle else 'NO CYCLE'}"


def _free_sequences(sequences: list[Any]) -> Iterator[str]:
    """Sequences that are not part of an identity column."""
    for row in sequences:
        if row[10] != "i":
            own = _sequence_options(row).removeprefix(f"SEQUENCE NAME {_q(row[1])} ")
            yield f"CREATE SEQUENCE {_q(row[1])} AS {row[2]} {own}"


def _foreign_keys(constraints: list[Any]) -> Iterator[str]:
    """After the rows, which come in any order; one statement a table, which is quicker than one a key."""
    keys: dict[str, list[str]] = {}
    for table, name, kind, definition, _ in constraints:
        if kind == "f":
            keys.setdefault(table, []).append(f"ADD CONSTRAINT {_q(name)} {definition}")
    yield from (f"ALTER TABLE {_q(table)} {', '.join(added)}" for table, added in keys.items())


def _comments(table: str, comment: str | None, columns: list[Any]) -> Iterator[str]:
    if comment:
        yield f"COMMENT ON TABLE {_q(table)} IS {_literal(comment)}"
    for name, *_, said in columns:
        if said:
            yield f"COMMENT ON COLUMN {_q(table)}.{_q(name)} IS {_literal(said)}"


def _rows(table: str, columns: list[Any], since: datetime) -> Iterator[str]:
    """One INSERT with the table's rows, if it has any. The server itself writes the values as literals."""
    stored = [(name, kind) for name, kind, _, _, generated, *_ in columns if not generated]
    values = [
        f"CASE WHEN {_q(name)} >= %(since)s THEN 'now()' ELSE quote_nullable({_q(name)}::text) END"
        if kind == "timestamp with time zone"
        else f"quote_nullable({_q(name)}::text)"
        for name, kind in stored
    ]
    found = _query(
        f"SELECT '(' || concat_ws(', ', {', '.join(values)}) || ')' FROM {_q(table)} ORDER BY ctid",  # noqa: S608
        {"since": since},
    )
    if found:
        names = ", ".join(_q(name) for name, _ in stored)
        rows = ",\n".join(row for (row,) in found)
        yield f"INSERT INTO {_q(table)} ({names}) OVERRIDING SYSTEM VALUE VALUES {rows}"  # noqa: S608


def _query(sql: str, parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _literal(text: str) -> str:
    [(literal,)] = _query("SELECT quote_literal(%s)", [text])
    return literal
