"""Who may do what: by example, and against an evaluator that is as plain as the rules' wording."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.actors import ROLES, Actor, ActorKind
from tenants.context import TenantRef
from tenants.rules.actions import ACTIONS, GROUPS, RUN, SEE, VIEW_THREAD, actions_named
from tenants.rules.decide import NO_LIMITS, Decision, Effect, Limits, Rule, decide
from tenants.rules.plan import PlanBounds
from tenants.rules.rule_set import MOST_KEPT, RuleSet
from tenants.visitors import attribute_texts

ACME = TenantRef(id=1, schema_name="acme")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rule(
    effect: Effect,
    assistant_id: str = "",
    *,
    role: str | None = None,
    group: str | None = None,
    member: int | None = None,
    api_key: int | None = None,
    site: str | None = None,
    identified: str | None = None,
    action: str = "assistant.*",
    id: int = 1,
    **more: Any,
) -> Rule:
    given = {"role": role, "group": group, "member": member, "api_key": api_key}
    given |= {"visitors": site, "identified": identified}
    audience, whom = next(((name, whom) for name, whom in given.items() if whom is not None), ("everyone", ""))
    return Rule(id, effect, actions_named(action), assistant_id, audience=audience, whom=whom, **more)


def actor(kind: ActorKind = "member", user_id: int | None = 7, *roles: str) -> Actor:
    return Actor(kind, ACME, user_id=user_id, roles=frozenset(roles or ("Member",)))


ANYBODY = actor()
EDITOR = actor("member", 8, "Editor", "Member")
SALES = actor("member", 9, "Sales")
KEY_OF_7 = Actor("api_key", ACME, user_id=7, api_key_id=1, roles=frozenset({"Member"}))
KEY_OF_NOBODY = Actor("api_key", ACME, api_key_id=2)
NOBODY = Actor("visitor", ACME)
NOBODY_WHO_IS_KNOWN = Actor("visitor", ACME, user_id=7, roles=frozenset({"Owner"}))
VISITOR = Actor("visitor", ACME, site_id="shop")
CUSTOMER = Actor("visitor", ACME, site_id="shop", identified=True)


@pytest.mark.parametrize(
    ("rules", "who", "allowed"),
    [
        pytest.param([], ANYBODY, False, id="no rule, no access"),
        pytest.param([rule("allow")], ANYBODY, True, id="everyone, all assistants"),
        pytest.param([rule("allow", "docs")], ANYBODY, True, id="everyone, this assistant"),
        pytest.param([rule("allow", "other")], ANYBODY, False, id="everyone, another assistant"),
        pytest.param([rule("allow", "doc")], ANYBODY, False, id="the beginning of an id is not the id"),
        pytest.param([rule("allow"), rule("deny")], ANYBODY, False, id="a deny beats an allow"),
        pytest.param([rule("deny"), rule("allow")], ANYBODY, False, id="... whichever comes first"),
        pytest.param([rule("allow", "docs"), rule("deny")], ANYBODY, False, id="... also one of all assistants"),
        pytest.param([rule("allow"), rule("deny", "other")], ANYBODY, True, id="a deny of another assistant"),
        pytest.param([rule("allow", member=7), rule("deny", role="Member")], ANYBODY, False, id="... also of a role"),
        pytest.param([rule("allow", action="*")], ANYBODY, True, id="everything includes it"),
        pytest.param([rule("allow", action=RUN)], ANYBODY, True, id="this action"),
        pytest.param([rule("allow", action=SEE)], ANYBODY, False, id="another action"),
        pytest.param([rule("allow", action="thread.*")], ANYBODY, False, id="another group of actions"),
        pytest.param([rule("allow"), rule("deny", action=SEE)], ANYBODY, True, id="a deny of another action"),
        pytest.param([rule("allow"), rule("deny", action="*")], ANYBODY, False, id="a deny of everything"),
        pytest.param([rule("allow", role="Editor")], EDITOR, True, id="a role that is held"),
        pytest.param([rule("allow", role="Editor")], ANYBODY, False, id="a role that is not held"),
        pytest.param([rule("allow", role="editor")], EDITOR, False, id="a role of another name"),
        pytest.param([rule("allow"), rule("deny", role="Editor")], EDITOR, False, id="denied to a role that is held"),
        pytest.param([rule("allow"), rule("deny", role="Editor")], ANYBODY, True, id="denied to another role"),
        pytest.param([rule("allow", group="Sales")], SALES, True, id="a group that is no role"),
        pytest.param([rule("allow", group="Sales")], ANYBODY, False, id="... for its members"),
        pytest.param([rule("allow", member=7)], ANYBODY, True, id="this member"),
        pytest.param([rule("allow", member=8)], ANYBODY, False, id="another member"),
        pytest.param([rule("allow"), rule("deny", member=7)], ANYBODY, False, id="denied to this member"),
        pytest.param([rule("allow", member=7)], KEY_OF_7, True, id="a key acts for its member"),
        pytest.param([rule("allow"), rule("deny", member=7)], KEY_OF_7, False, id="... also in what is denied"),
        pytest.param([rule("allow"), rule("deny", api_key=1)], KEY_OF_7, False, id="... and can be denied by itself"),
        pytest.param([rule("allow"), rule("deny", api_key=1)], ANYBODY, True, id="... without its member"),
        pytest.param([rule("allow")], KEY_OF_NOBODY, True, id="a key of nobody is signed in"),
        pytest.param([rule("allow", api_key=2)], KEY_OF_NOBODY, True, id="... can be named"),
        pytest.param([rule("allow", api_key=1)], KEY_OF_NOBODY, False, id="... is no other key"),
        pytest.param([rule("allow", role="Member")], KEY_OF_NOBODY, False, id="... has no role"),
        pytest.param([rule("allow", member=7)], KEY_OF_NOBODY, False, id="... and is no member"),
        pytest.param([rule("allow")], VISITOR, False, id="a visitor is not signed in"),
        pytest.param([rule("allow", site="shop")], VISITOR, True, id="visitors of this site"),
        pytest.param([rule("allow", site="")], VISITOR, True, id="visitors of all sites"),
        pytest.param([rule("allow", site="blog")], VISITOR, False, id="visitors of another site"),
        pytest.param([rule("allow", site="")], ANYBODY, False, id="a member is no visitor"),
        pytest.param([rule("allow", identified="shop")], VISITOR, False, id="an anonymous one is not identified"),
        pytest.param([rule("allow", identified="shop")], CUSTOMER, True, id="an identified one is"),
        pytest.param([rule("allow", identified="blog")], CUSTOMER, False, id="... at its own site"),
        pytest.param([rule("allow", site="shop")], CUSTOMER, True, id="... and still a visitor"),
        pytest.param([rule("allow"), rule("allow", site="")], NOBODY, False, id="without a site, nobody is a visitor"),
        pytest.param([rule("allow", member=7)], NOBODY_WHO_IS_KNOWN, False, id="... whoever it says it is"),
        pytest.param([rule("allow", role="Owner")], NOBODY_WHO_IS_KNOWN, False, id="... whatever role it claims"),
        pytest.param([], Actor("system", ACME), True, id="the system needs no rule"),
        pytest.param([rule("allow", starts_at=NOW - HOUR, ends_at=NOW + HOUR)], ANYBODY, True, id="inside its time"),
        pytest.param([rule("allow", starts_at=NOW + HOUR)], ANYBODY, False, id="before its time"),
        pytest.param([rule("allow", ends_at=NOW)], ANYBODY, False, id="after its time"),
        pytest.param([rule("allow", starts_at=NOW)], ANYBODY, True, id="at its first moment"),
        pytest.param([rule("allow"), rule("deny", ends_at=NOW - HOUR)], ANYBODY, True, id="a deny that has ended"),
    ],
)
def test_the_rules_say_who_may_run_an_assistant(rules, who, allowed):
    assert decide(rules, who, RUN, "docs", at=NOW).allowed is allowed
    assert RuleSet(rules).decide(who, RUN, "docs", at=NOW).allowed is allowed


def test_a_decision_names_the_rule_that_made_it():
    rules = [rule("allow", "other", id=1), rule("allow", id=2), rule("allow", "docs", id=3)]
    assert decide(rules, ANYBODY, RUN, "docs").rule_id == 2
    assert decide([*rules, rule("deny", role="Member", id=4)], ANYBODY, RUN, "docs").rule_id == 4
    assert decide([], ANYBODY, RUN, "docs").rule_id is None


def test_a_rule_about_one_tool_is_about_that_one():
    rules = [rule("allow", action="tool.use"), rule("deny", action="tool.use", resource="send_mail", id=2)]
    assert decide(rules, ANYBODY, "tool.use", "docs", "search").allowed
    assert not decide(rules, ANYBODY, "tool.use", "docs", "send_mail").allowed


def test_a_rule_about_an_assistant_is_silent_where_no_assistant_is_concerned():
    assert not decide([rule("allow", "docs", action="*")], ANYBODY, "thread.create").allowed


@pytest.mark.parametrize(
    ("limits", "together"),
    [
        pytest.param([], NO_LIMITS, id="none"),
        pytest.param([Limits(5, 1000)], Limits(5, 1000), id="those of the rule"),
        pytest.param([NO_LIMITS, Limits(5)], Limits(5), id="a rule without limits lifts none"),
        pytest.param([Limits(5, 1000), Limits(10, 100)], Limits(5, 100), id="the smaller number of each"),
    ],
)
def test_the_limits_of_all_rules_that_allow_hold_together(limits, together):
    rules = [rule("allow"), *(rule("allow", id=n, limits=each) for n, each in enumerate(limits, 2))]
    rules.append(rule("allow", "other", id=99, limits=Limits(1, 1)))
    assert decide(rules, ANYBODY, RUN, "docs").limits == together


# -- a set of rules that is asked again


def test_a_decision_that_is_kept_ends_with_the_rules_time():
    rules = RuleSet([rule("allow", ends_at=NOW)])
    assert rules.decide(ANYBODY, RUN, "docs", at=NOW - HOUR).allowed
    assert not rules.decide(ANYBODY, RUN, "docs", at=NOW).allowed
    assert rules.decide(ANYBODY, RUN, "docs", at=NOW - HOUR).allowed


def test_more_questions_than_are_kept_are_answered():
    rules = RuleSet([rule("allow", "docs-1")])
    allowed = [n for n in range(MOST_KEPT + 10) if rules.decide(ANYBODY, RUN, f"docs-{n}").allowed]
    assert allowed == [1]


def test_the_plan_bounds_what_rules_allow_and_leaves_what_was_said():
    rules = RuleSet([rule("allow", action="*")], PlanBounds("Small", assistants=frozenset({"docs"})))
    assert rules.decide(ANYBODY, RUN, "docs").allowed
    assert rules.decide(ANYBODY, RUN, "help") == Decision(False, None, by_plan=True)
    assert rules.decide(ANYBODY, VIEW_THREAD, "help").allowed
    assert "docs" in rules.scope(ANYBODY, RUN, over="assistant_id")
    assert "help" not in rules.scope(ANYBODY, RUN, over="assistant_id")


def test_a_group_of_actions_is_those_that_begin_like_it():
    assert actions_named("thread.*") == {"thread.create", "thread.view", "thread.change", "thread.delete"}
    assert actions_named("*") == set(ACTIONS)
    assert actions_named("thread.view") == {"thread.view"}
    assert actions_named("thread") == actions_named("unknown") == frozenset()


# -- against a naive evaluator, over all that can be made of few names

# Few names, so that rules and questions often meet.
assistants = st.sampled_from(["docs", "help"])
resources = st.sampled_from(["mail", "shelf"])
ids = st.integers(1, 2)
groups = st.sampled_from(["Sales", "Support"])
roles = st.sampled_from(ROLES[2:])
sites = st.sampled_from(["shop", "blog"])
moments = st.sampled_from([NOW - HOUR, NOW, NOW + HOUR])
asked_actions = [RUN, VIEW_THREAD, "message.create", "tool.use"]
actions = st.sampled_from(asked_actions)
audiences = st.one_of(
    st.just(("everyone", "")),
    st.tuples(st.just("role"), roles),
    st.tuples(st.just("group"), groups),
    st.tuples(st.just("member"), ids),
    st.tuples(st.just("api_key"), ids),
    st.tuples(st.sampled_from(["visitors", "identified"]), st.just("") | sites),
)
rows = st.fixed_dictionaries(
    {
        "effect": st.sampled_from(["allow", "allow", "allow", "deny"]),
        "action": st.sampled_from(["*", *GROUPS, *asked_actions, SEE]),
        "assistant": st.sampled_from(["", "", "docs", "help"]),
        "resource": st.sampled_from(["", "", "", "mail", "shelf"]),
        "audience": audiences,
        "starts_at": st.sampled_from([None, None, None, NOW - HOUR, NOW, NOW + HOUR]),
        "ends_at": st.sampled_from([None, None, None, NOW - HOUR, NOW, NOW + HOUR]),
        "limits": st.sampled_from([(None, None), (5, None), (None, 1000), (2, 300)]),
        "having": st.sampled_from([("", ""), ("", ""), ("plan", "pro"), ("plan", "free"), ("beta", "true")]),
    }
)
attributes = st.sampled_from([(), (("plan", "pro"),), (("beta", "true"), ("plan", "free")), (("Plan", "pro"),)])
rule_sets = st.lists(rows, max_size=10)
held = st.frozensets(roles | groups)
actors = st.one_of(
    st.builds(Actor, st.just("member"), st.just(ACME), ids, roles=held),
    st.builds(Actor, st.just("api_key"), st.just(ACME), st.none() | ids, ids, held),
    st.builds(
        Actor,
        st.just("visitor"),
        st.just(ACME),
        site_id=st.none() | sites,
        identified=st.booleans(),
        attributes=attributes,
    ),
    # One that cannot be, with all there is: a claim that its kind does not make must not count.
    st.builds(Actor, st.just("visitor"), st.just(ACME), ids, ids, held, site_id=st.none() | sites),
)
questions = st.fixed_dictionaries(
    {"action": actions, "assistant_id": st.just("") | assistants, "resource": st.just("") | resources, "at": moments}
)


def having_of(row: dict[str, Any]) -> tuple[str, str]:
    """Only a rule for identified visitors may ask for an attribute."""
    return row["having"] if row["audience"][0] == "identified" else ("", "")


def made(rows: list[dict[str, Any]]) -> list[Rule]:
    return [
        Rule(
            number,
            row["effect"],
            actions_named(row["action"]),
            row["assistant"],
            row["resource"],
            *row["audience"],
            row["starts_at"],
            row["ends_at"],
            Limits(*row["limits"]),
            "",
            *having_of(row),
        )
        for number, row in enumerate(rows, 1)
    ]


def speaks(row: dict[str, Any], who: Actor, action: str, assistant_id: str, resource: str, at: datetime) -> bool:
    """Does this row speak of this actor and question? Written from docs/why/access-rules.md, not from the code."""
    if row["action"] == "*":
        of_action = True
    elif row["action"].endswith(".*"):
        of_action = action.split(".")[0] == row["action"].split(".")[0]
    else:
        of_action = action == row["action"]
    audience, whom = row["audience"]
    name, value = having_of(row)
    having = name == "" or any(each == (name, value) for each in who.attributes)
    signed_in = who.kind == "member" or who.kind == "api_key"
    at_site = who.kind == "visitor" and who.site_id is not None and (whom == "" or whom == who.site_id)
    of_actor = {
        "everyone": signed_in,
        "role": signed_in and whom in who.roles,
        "group": signed_in and whom in who.roles,
        "member": signed_in and whom == who.user_id,
        "api_key": signed_in and whom == who.api_key_id,
        "visitors": at_site,
        "identified": at_site and who.identified and having,
    }[audience]
    return all(
        [
            of_action,
            of_actor,
            row["assistant"] == "" or row["assistant"] == assistant_id,
            row["resource"] == "" or row["resource"] == resource,
            row["starts_at"] is None or not at < row["starts_at"],
            row["ends_at"] is None or at < row["ends_at"],
        ]
    )


def naive(rows: list[dict[str, Any]], who: Actor, question: dict[str, Any]) -> tuple[bool, tuple[Any, Any]]:
    """Some row that speaks allows it, and none denies it; of the numbers in those that allow, the smallest."""
    speaking = [row for row in rows if speaks(row, who, **question)]
    allowed = {row["effect"] for row in speaking} == {"allow"}
    if not allowed:
        return False, (None, None)
    columns = zip(*(row["limits"] for row in speaking), strict=True)
    return True, tuple(min((n for n in column if n is not None), default=None) for column in columns)


@settings(max_examples=500)
@given(rows=rule_sets, who=actors, question=questions)
def test_it_decides_as_the_wording_says(rows, who, question):
    allowed, limits = naive(rows, who, question)
    for decision in (decide(made(rows), who, **question), RuleSet(made(rows)).decide(who, **question)):
        assert decision.allowed is allowed
        assert decision.limits == Limits(*limits)


@given(rows=rule_sets, who=actors, asked=st.lists(questions, max_size=6))
def test_a_set_that_was_asked_before_decides_the_same(rows, who, asked):
    rules = RuleSet(made(rows))
    for question in [*asked, *asked]:
        assert rules.decide(who, **question) == decide(made(rows), who, **question)


@given(rows=rule_sets, who=actors, question=questions, data=st.data())
def test_the_order_of_the_rules_does_not_matter(rows, who, question, data):
    shuffled = data.draw(st.permutations(rows))
    one, other = decide(made(shuffled), who, **question), decide(made(rows), who, **question)
    assert (one.allowed, one.limits) == (other.allowed, other.limits)


@given(rows=rule_sets, who=actors, question=questions)
def test_the_rule_that_is_named_speaks_and_has_the_effect(rows, who, question):
    decision = decide(made(rows), who, **question)
    if decision.rule_id is None:
        assert not decision.allowed
        return
    named = rows[decision.rule_id - 1]
    assert named["effect"] == ("allow" if decision.allowed else "deny")
    assert speaks(named, who, **question)


@given(rows=rule_sets, who=actors.filter(lambda who: who.is_signed_in), question=questions)
def test_no_rule_undoes_a_deny(rows, who, question):
    deny = Rule(99, "deny", actions_named("*"))
    assert not decide([*made(rows), deny], who, **question).allowed


@given(rows=rule_sets, who=actors, action=actions, assistant_id=st.just("") | assistants)
def test_a_scope_says_of_each_name_what_is_decided_for_it(rows, who, action, assistant_id):
    untimed = RuleSet(made([row | {"starts_at": None, "ends_at": None} for row in rows]))
    by_assistant = untimed.scope(who, action, over="assistant_id")
    by_resource = untimed.scope(who, action, over="resource", assistant_id=assistant_id)
    for name in ("docs", "help", "d", "unheard of", ""):
        assert (name in by_assistant) is untimed.decide(who, action, name).allowed
    for name in ("mail", "shelf", "unheard of"):
        assert (name in by_resource) is untimed.decide(who, action, assistant_id, name).allowed


def test_an_attribute_narrows_a_rule_to_those_who_have_it():
    pro = Rule(1, "allow", actions_named(RUN), "", "", "identified", "shop", attribute="plan", attribute_value="pro")
    rules = RuleSet([pro])

    def visitor(*attributes: tuple[str, str], identified: bool = True, site: str = "shop") -> Actor:
        return Actor("visitor", ACME, site_id=site, identified=identified, attributes=attributes)

    for _ in range(2):  # the second time from what was kept
        assert rules.decide(visitor(("plan", "pro")), RUN).allowed
        for other in (
            visitor(),
            visitor(("plan", "free")),
            visitor(("plan", "Pro")),
            visitor(("tier", "pro")),
            visitor(("plan", "pro"), identified=False),
            visitor(("plan", "pro"), site="blog"),
        ):
            assert not rules.decide(other, RUN).allowed


def test_attributes_are_compared_as_texts():
    given = {"plan": "pro", "beta": True, "off": False, "seats": 3, "share": 0.5, "whole": 2.0}
    assert dict(attribute_texts(given)) == {
        **{"plan": "pro", "beta": "true", "off": "false"},
        **{"seats": "3", "share": "0.5", "whole": "2"},
    }
