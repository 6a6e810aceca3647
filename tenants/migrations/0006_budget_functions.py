from django.db import migrations

# Reserving and settling are called from the statements that begin and end a run, under the tenant's role. They have
# their owner's rights, because one transaction counts at the tenant's budgets and at the platform's; a tenant's role
# may name no schema but its own. Counters are locked in the order in which the caller gives them.
FUNCTIONS = """
CREATE FUNCTION atrium_check_own_schema(whose text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('role') <> 'none' AND split_part(current_setting('role'), '.', 1) <> whose THEN
        RAISE EXCEPTION 'a tenant may use its own budgets only' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION atrium_reserve(whose text, run text, of_tokens bigint, of_cost numeric, lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    line record;
    found_id bigint;
    taken bigint[] := '{}';
BEGIN
    PERFORM atrium_check_own_schema(whose);
    FOR line IN
        SELECT item.position, item.value, given.* FROM jsonb_array_elements(lines) WITH ORDINALITY AS item(value, position),
            jsonb_to_record(item.value) AS given(schema_name text, budget text, subject text, part smallint,
                starts_at timestamptz, ends_at timestamptz, tokens bigint, cost numeric)
        ORDER BY item.position
    LOOP
        IF line.schema_name <> '' AND line.schema_name <> whose THEN
            RAISE EXCEPTION 'a tenant may use its own budgets only' USING ERRCODE = 'insufficient_privilege';
        END IF;
        found_id := NULL;
        IF of_tokens <= coalesce(line.tokens, of_tokens)
            AND (line.cost IS NULL OR line.cost > 0 AND of_cost <= line.cost) THEN
            INSERT INTO tenants_budgetcounter AS counter (schema_name, budget, subject, part, starts_at, ends_at,
                tokens_limit, tokens_used, tokens_reserved, cost_limit, cost_used, cost_reserved, warned)
            VALUES (line.schema_name, line.budget, line.subject, line.part, line.starts_at, line.ends_at,
                line.tokens, 0, of_tokens, line.cost, 0, of_cost, 0)
            ON CONFLICT (schema_name, budget, subject, starts_at, ends_at, part) DO UPDATE
            SET tokens_reserved = counter.tokens_reserved + of_tokens, tokens_limit = line.tokens,
                cost_reserved = counter.cost_reserved + of_cost, cost_limit = line.cost,
                warned = CASE WHEN counter.tokens_limit IS DISTINCT FROM line.tokens
                    OR counter.cost_limit IS DISTINCT FROM line.cost THEN 0 ELSE counter.warned END
            WHERE (line.tokens IS NULL OR counter.tokens_used + counter.tokens_reserved + of_tokens <= line.tokens)
                AND (line.cost IS NULL
                    OR counter.cost_used < line.cost AND counter.cost_used + counter.cost_reserved + of_cost <= line.cost)
            RETURNING id INTO found_id;
        END IF;
        IF found_id IS NULL THEN
            RAISE EXCEPTION 'a budget is exhausted' USING ERRCODE = 'AB429', DETAIL = line.position - 1;
        END IF;
        taken := taken || found_id;
    END LOOP;
    INSERT INTO tenants_budgetreservation (schema_name, run_id, tokens, cost, counters)
    VALUES (whose, run, of_tokens, of_cost, to_jsonb(taken));
END $$;

CREATE FUNCTION atrium_warn(key bigint, per_cent smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose text;
BEGIN
    UPDATE tenants_budgetcounter SET warned = per_cent WHERE id = key AND warned < per_cent
    RETURNING schema_name INTO whose;
    IF FOUND THEN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'tenants.warn_of_budget', 0, NULL, NULL,
            jsonb_build_object('counter_id', key, 'per_cent', per_cent), NULL)::procrastinate_job_to_defer_v1]);
    END IF;
END $$;

CREATE FUNCTION atrium_settle(whose text, run text, used_tokens bigint, used_cost numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held record;
    key bigint;
    state record;
BEGIN
    PERFORM atrium_check_own_schema(whose);
    DELETE FROM tenants_budgetreservation WHERE schema_name = whose AND run_id = run RETURNING * INTO held;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR key IN SELECT value::bigint FROM jsonb_array_elements_text(held.counters) WITH ORDINALITY ORDER BY ordinality LOOP
        UPDATE tenants_budgetcounter SET
            tokens_reserved = tokens_reserved - held.tokens, tokens_used = tokens_used + greatest(used_tokens, 0),
            cost_reserved = cost_reserved - held.cost, cost_used = cost_used + greatest(coalesce(used_cost, 0), 0)
        WHERE id = key
        RETURNING warned, greatest(tokens_used * 100.0 / nullif(tokens_limit, 0),
            cost_used * 100.0 / nullif(cost_limit, 0)) AS per_cent INTO state;
        IF state.per_cent >= 80 AND state.warned < 80 OR state.per_cent >= 100 AND state.warned < 100 THEN
            PERFORM atrium_warn(key, CASE WHEN state.per_cent >= 100 THEN 100 ELSE 80 END::smallint);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION atrium_warn_of_exhausted(whose text, line jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM atrium_check_own_schema(whose);
    PERFORM atrium_warn(counter.id, 100::smallint) FROM tenants_budgetcounter AS counter
    WHERE (counter.schema_name, counter.budget, counter.subject, counter.part) =
            (line->>'schema_name', line->>'budget', line->>'subject', (line->>'part')::smallint)
        AND (counter.starts_at, counter.ends_at) = ((line->>'starts_at')::timestamptz, (line->>'ends_at')::timestamptz)
        AND counter.schema_name IN ('', whose) AND counter.warned < 100;
END $$;
REVOKE EXECUTE ON FUNCTION atrium_warn(bigint, smallint) FROM PUBLIC;
"""
NO_FUNCTIONS = """
DROP FUNCTION atrium_warn_of_exhausted(text, jsonb);
DROP FUNCTION atrium_settle(text, text, bigint, numeric);
DROP FUNCTION atrium_warn(bigint, smallint);
DROP FUNCTION atrium_reserve(text, text, bigint, numeric, jsonb);
DROP FUNCTION atrium_check_own_schema(text);
"""
DEFAULT_PLAN = """
INSERT INTO tenants_plan (name, is_default, assistant_ids, model_names) VALUES ('Standard', true, '[]', '[]');
"""
PUBLIC = {"lives_in": "public"}


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_plans_and_budgets")]

    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS, hints=PUBLIC),
        migrations.RunSQL(DEFAULT_PLAN, "DELETE FROM tenants_plan", hints=PUBLIC),
    ]
