from django.db import migrations

# Every process that keeps what holds for a tenant is told when that changes (tenants/budgets/in_force.py), whoever
# changes it. What operators change concerns all tenants: no name.
NOTIFY = """
CREATE FUNCTION public.atrium_terms_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('atrium_terms', CASE TG_TABLE_SCHEMA WHEN 'public' THEN '' ELSE TG_TABLE_SCHEMA END);
    RETURN NULL;
END $$;
"""
SILENT = "DROP FUNCTION public.atrium_terms_changed() CASCADE"  # with the triggers of tenants that are not back yet


def _triggers(*tables: str) -> str:
    return "".join(
        f"CREATE TRIGGER atrium_terms_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION public.atrium_terms_changed();\n"
        for table in tables
    )


def _no_triggers(*tables: str) -> str:
    return "".join(f"DROP TRIGGER IF EXISTS atrium_terms_changed ON {table};\n" for table in tables)


OPERATORS = ("tenants_plan", "tenants_platformbudget", "tenants_modelprice", "tenants_tenant")
TENANTS = ("tenants_budget", "tenants_ratelimit")
PUBLIC = {"lives_in": "public"}


class Migration(migrations.Migration):
    dependencies = [("tenants", "0016_rules_by_attribute")]

    operations = [
        migrations.RunSQL(NOTIFY, SILENT, hints=PUBLIC),
        migrations.RunSQL(_triggers(*OPERATORS), _no_triggers(*OPERATORS), hints=PUBLIC),
        migrations.RunSQL(_triggers(*TENANTS), _no_triggers(*TENANTS)),
    ]
