"""What is in a schema, object by object, as PostgreSQL's catalogues tell it: to compare two schemas."""

from __future__ import annotations

import re

from django.db import connection

# Each part: kind, name, definition. %(schema)s is the schema; names of it in the texts are taken out afterwards.
_OBJECTS = """
WITH relations AS (
    SELECT c.*, c.relname::text AS name FROM pg_class c
    WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind NOT IN ('t', 'c')
)
SELECT 'relation ' || relkind::text, name,
    concat_ws(' ', relpersistence::text, reloptions::text, relrowsecurity, relforcerowsecurity, relreplident, am.amname,
        CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END)
    FROM relations r LEFT JOIN pg_am am ON am.oid = r.relam
UNION ALL
SELECT 'column', name || '.' || attname,
    concat_ws(' ', row_number() OVER (PARTITION BY a.attrelid ORDER BY attnum), format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
        'identity ' || nullif(attidentity::text, ''), 'generated ' || nullif(attgenerated::text, ''),
        'collation ' || nullif(attcollation, 0::oid)::regcollation::text, attstorage, attcompression, attstattarget,
        attoptions::text)
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT 'constraint ' || contype::text, name || '.' || conname, pg_get_constraintdef(k.oid) || convalidated::text
    FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid
UNION ALL
SELECT 'index', i.relname::text,
    concat_ws(' ', pg_get_indexdef(i.oid), x.indisvalid, x.indisreplident, x.indisclustered,
        'of ' || (SELECT conname FROM pg_constraint k WHERE k.conindid = i.oid AND contype IN ('p', 'u', 'x')))
    FROM relations r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'sequence', name,
    concat_ws(' ', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
        (SELECT deptype::text || ' ' || refobjid::regclass::text || '.' || attname FROM pg_depend dep
         JOIN pg_attribute a ON a.attrelid = dep.refobjid AND a.attnum = dep.refobjsubid
         WHERE dep.objid = r.oid AND dep.classid = 'pg_class'::regclass AND deptype IN ('a', 'i')))
    FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid
UNION ALL
SELECT 'trigger', name || '.' || tgname, pg_get_triggerdef(t.oid) || tgenabled::text
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT tgisinternal
UNION ALL
SELECT 'policy', name || '.' || polname,
    concat_ws(' ', polcmd, polpermissive, polroles::regrole[]::text, pg_get_expr(polqual, polrelid),
        pg_get_expr(polwithcheck, polrelid))
    FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'rule', name || '.' || rulename, pg_get_ruledef(w.oid)
    FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND relkind <> 'v' AND relkind <> 'm'
UNION ALL
SELECT 'parent', name, inhparent::regclass::text || ' ' || coalesce(pg_get_expr(r.relpartbound, r.oid), '')
    FROM relations r JOIN pg_inherits h ON h.inhrelid = r.oid
UNION ALL
SELECT 'statistics', stxname::text, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    WHERE stxnamespace = %(schema)s::regnamespace
UNION ALL
SELECT 'function', oid::regprocedure::text, CASE WHEN prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(oid) END
    FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace
UNION ALL
SELECT 'type', typname::text,
    concat_ws(' ', typtype, format_type(typbasetype, typtypmod), typnotnull, typdefault,
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
        (SELECT string_agg(pg_get_constraintdef(k.oid), ',') FROM pg_constraint k WHERE contypid = t.oid))
    FROM pg_type t WHERE typnamespace = %(schema)s::regnamespace AND typelem = 0
        AND (typrelid = 0 OR (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c')
UNION ALL
SELECT 'comment', concat_ws(' ', classoid::regclass, coalesce(r.name, k.conname, t.tgname), a.attname), description
    FROM pg_description d
    LEFT JOIN relations r ON r.oid = d.objoid AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    LEFT JOIN pg_constraint k ON k.oid = d.objoid AND d.classoid = 'pg_constraint'::regclass
        AND k.connamespace = %(schema)s::regnamespace
    LEFT JOIN pg_trigger t ON t.oid = d.objoid AND d.classoid = 'pg_trigger'::regclass
        AND t.tgrelid IN (SELECT oid FROM relations)
    WHERE coalesce(r.name, k.conname, t.tgname) IS NOT NULL
UNION ALL
SELECT 'grant', name || ' ' || coalesce(g.grantee::regrole::text, 'PUBLIC'), string_agg(privilege_type
        || is_grantable::text, ',' ORDER BY privilege_type)
    FROM relations r, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
        relowner))) g
    WHERE relkind NOT IN ('i', 'I') GROUP BY name, g.grantee
UNION ALL
SELECT 'grant on column', name || '.' || attname, attacl::text
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND attacl IS NOT NULL
UNION ALL
SELECT 'grant on schema', coalesce(g.grantee::regrole::text, 'PUBLIC'), string_agg(privilege_type, ',' ORDER BY 1)
    FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) g
    WHERE nspname = %(schema)s GROUP BY g.grantee
UNION ALL
SELECT 'default grant', defaclobjtype::text, defaclacl::text FROM pg_default_acl
    WHERE defaclnamespace = %(schema)s::regnamespace
"""


def describe(schema_name: str) -> dict[str, str]:
    """Every object of the schema, ``kind name`` -> its definition, without the schema's own name.

    Covered: tables and views, columns (types with dimensions, defaults, identity, storage), constraints, indexes,
    sequences, triggers, policies, functions, types, statistics, comments and grants. To be called in the schema's own
    context: the definitions then name what is in it without a schema.
    """
    own_name = re.compile(rf'"?\b{re.escape(schema_name)}\b"?\.?')

    def plain(text: str) -> str:
        return _casts_left_out(own_name.sub("", text))

    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS, {"schema": schema_name})
        return {plain(f"{kind} {name}"): plain(text or "") for kind, name, text in cursor}


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """What is there in one only, or otherwise in the other; nothing for equal schemas."""
    return [
        f"{name}: {one.get(name, 'is not there')} | {other.get(name, 'is not there')}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _casts_left_out(text: str) -> str:
    """``IN ('a', 'b')`` on a varchar is stored as a cast of an array; once its text is read again, as casts of the
    elements. Both mean the same, and pg_dump's output changes in the same way."""
    text = re.sub(r"\(('(?:[^']|'')*'::character varying)\)::text", r"\1", text)
    return re.sub(r"\((ARRAY\[[^\[\]]*\])\)::text\[\]", r"\1", text)
