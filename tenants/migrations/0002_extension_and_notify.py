from django.db import migrations

# Every process keeps a map of hosts; this tells them all that it has changed (tenants/hosts.py), whoever changed it.
NOTIFY = """
CREATE FUNCTION atrium_hosts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('atrium_hosts', '');
    RETURN NULL;
END $$;
CREATE TRIGGER atrium_hosts_changed AFTER INSERT OR UPDATE OR DELETE ON tenants_tenant
    FOR EACH STATEMENT EXECUTE FUNCTION atrium_hosts_changed();
CREATE TRIGGER atrium_hosts_changed AFTER INSERT OR UPDATE OR DELETE ON tenants_domain
    FOR EACH STATEMENT EXECUTE FUNCTION atrium_hosts_changed();
"""
SILENT = """
DROP TRIGGER atrium_hosts_changed ON tenants_tenant;
DROP TRIGGER atrium_hosts_changed ON tenants_domain;
DROP FUNCTION atrium_hosts_changed();
"""
PUBLIC = {"lives_in": "public"}


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public", migrations.RunSQL.noop, hints=PUBLIC
        ),
        migrations.RunSQL(NOTIFY, SILENT, hints=PUBLIC),
    ]
