import django.core.validators
from django.db import migrations, models

# A tenant's role counts in its own buckets only. Returns the seconds to wait; 0: the request may pass.
TAKE = """
ALTER TABLE tenants_ratebucket SET UNLOGGED;
CREATE FUNCTION atrium_take(whose text, limits jsonb) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    one record;
    this_moment timestamptz := clock_timestamp();
    each_takes interval;
    until timestamptz;
BEGIN
    PERFORM atrium_check_own_schema(whose);
    FOR one IN SELECT item.value->>'key' AS key, (item.value->>'limit')::double precision AS allowed
        FROM jsonb_array_elements(limits) WITH ORDINALITY AS item(value, position) ORDER BY item.position
    LOOP
        each_takes := make_interval(secs => 60 / greatest(one.allowed, 0.000001));
        INSERT INTO tenants_ratebucket AS bucket (key, empty_at)
        SELECT whose || '/' || one.key, this_moment + each_takes WHERE one.allowed >= 1
        ON CONFLICT (key) DO UPDATE SET empty_at = greatest(bucket.empty_at, this_moment) + each_takes
        WHERE greatest(bucket.empty_at, this_moment) + each_takes <= this_moment + interval '1 minute 1 microsecond';
        IF NOT FOUND THEN
            SELECT empty_at INTO until FROM tenants_ratebucket WHERE key = whose || '/' || one.key;
            RETURN greatest(extract(epoch FROM until + each_takes - interval '1 minute' - this_moment), 0.001);
        END IF;
    END LOOP;
    RETURN 0;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_budget_functions")]

    operations = [
        migrations.CreateModel(
            name="RateLimit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("key", "Each API key"),
                            ("member", "Each member"),
                            ("address", "Each network address"),
                        ],
                        max_length=10,
                        unique=True,
                        verbose_name="for",
                    ),
                ),
                (
                    "requests_a_minute",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="requests a minute",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
            ],
            options={"ordering": ["scope"]},
        ),
        migrations.CreateModel(
            name="RateBucket",
            fields=[
                ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("empty_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(TAKE, "DROP FUNCTION atrium_take(text, jsonb)", hints={"lives_in": "public"}),
    ]
