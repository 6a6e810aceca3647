import django.core.validators
from django.db import migrations, models

# A run begins: its access rules' runs a minute are counted, and what it may use is set aside, both or neither. One
# call, so that all statements lock in one order: the rules' buckets, then the budgets' counters.
BEGIN_RUN = """
CREATE FUNCTION atrium_begin_run(whose text, run text, of_tokens bigint, of_cost numeric, lines jsonb, rates jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rate record;
    seconds double precision;
BEGIN
    PERFORM atrium_check_own_schema(whose);
    FOR rate IN SELECT item.position, item.value FROM jsonb_array_elements(rates) WITH ORDINALITY AS item(value, position)
        ORDER BY item.position
    LOOP
        seconds := atrium_take(whose, jsonb_build_array(rate.value));
        IF seconds > 0 THEN
            RAISE EXCEPTION 'too many runs in a minute'
                USING ERRCODE = 'AB430', DETAIL = rate.position - 1, HINT = seconds;
        END IF;
    END LOOP;
    IF jsonb_array_length(lines) > 0 THEN
        PERFORM atrium_reserve(whose, run, of_tokens, of_cost, lines);
    END IF;
END $$;
"""
NO_BEGIN_RUN = "DROP FUNCTION atrium_begin_run(text, text, bigint, numeric, jsonb, jsonb)"


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0008_access_rules'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='budget',
            name='budget_names_whose_it_is',
        ),
        migrations.AddField(
            model_name='budget',
            name='site_id',
            field=models.CharField(blank=True, help_text='The id of an embedded chat.', max_length=64, verbose_name='site'),
        ),
        migrations.AlterField(
            model_name='accessrule',
            name='tokens_per_day',
            field=models.PositiveBigIntegerField(blank=True, help_text='For each person, in and out together, at least 20,000. Empty: no limit.', null=True, validators=[django.core.validators.MinValueValidator(20000)]),
        ),
        migrations.AlterField(
            model_name='budget',
            name='scope',
            field=models.CharField(choices=[('tenant', 'Everyone together'), ('assistant', 'One assistant'), ('member', 'One member'), ('each_member', 'Each member by itself'), ('site', 'One site'), ('each_site', 'Each site by itself')], default='tenant', max_length=20, verbose_name='for'),
        ),
        migrations.AlterField(
            model_name='budgetcounter',
            name='subject',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name='ratelimit',
            name='scope',
            field=models.CharField(choices=[('key', 'Each API key'), ('member', 'Each member'), ('site', 'Each site, all its visitors together'), ('address', 'Each network address')], max_length=10, unique=True, verbose_name='for'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('assistant_id', ''), ('member', None), ('scope__in', ['tenant', 'each_member', 'each_site']), ('site_id', '')), models.Q(('member', None), ('scope', 'assistant'), ('site_id', ''), models.Q(('assistant_id', ''), _negated=True)), models.Q(('assistant_id', ''), ('member__isnull', False), ('scope', 'member'), ('site_id', '')), models.Q(('assistant_id', ''), ('member', None), ('scope', 'site'), models.Q(('site_id', ''), _negated=True)), _connector='OR'), name='budget_names_whose_it_is'),
        ),
        migrations.RunSQL(BEGIN_RUN, NO_BEGIN_RUN, hints={"lives_in": "public"}),
    ]
