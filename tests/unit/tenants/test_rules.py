"""Who may use which assistant: by example, and against an evaluator that is as plain as the rule's wording."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tenants.actors import ROLES, Actor, ActorKind
from tenants.context import TenantRef
from tenants.rules.decide import Effect, Rule, decide

ACME = TenantRef(id=1, schema_name="acme")


def rule(
    effect: Effect, assistant_id: str = "", *, role: str | None = None, member: int | None = None, id: int = 1
) -> Rule:
    return Rule(id=id, effect=effect, assistant_id=assistant_id, role=role, member_id=member)


def actor(kind: ActorKind = "member", user_id: int | None = 7, *roles: str) -> Actor:
    return Actor(kind, ACME, user_id=user_id, roles=frozenset(roles or ("Member",)))


ANYBODY = actor()
EDITOR = actor("member", 8, "Editor", "Member")
KEY_OF_7 = actor("api_key", 7)
KEY_OF_NOBODY = Actor("api_key", ACME, api_key_id=1)
VISITOR = Actor("visitor", ACME)
VISITOR_WHO_IS_KNOWN = Actor("visitor", ACME, user_id=7, roles=frozenset({"Owner"}))


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
        pytest.param([rule("allow", role="Editor")], EDITOR, True, id="a role that is held"),
        pytest.param([rule("allow", role="Editor")], ANYBODY, False, id="a role that is not held"),
        pytest.param([rule("allow", role="editor")], EDITOR, False, id="a role of another name"),
        pytest.param([rule("allow"), rule("deny", role="Editor")], EDITOR, False, id="denied to a role that is held"),
        pytest.param([rule("allow"), rule("deny", role="Editor")], ANYBODY, True, id="denied to another role"),
        pytest.param([rule("allow", member=7)], ANYBODY, True, id="this member"),
        pytest.param([rule("allow", member=8)], ANYBODY, False, id="another member"),
        pytest.param([rule("allow"), rule("deny", member=7)], ANYBODY, False, id="denied to this member"),
        pytest.param([rule("allow", member=7)], KEY_OF_7, True, id="a key acts for its member"),
        pytest.param([rule("allow"), rule("deny", member=7)], KEY_OF_7, False, id="... also in what is denied"),
        pytest.param([rule("allow")], KEY_OF_NOBODY, True, id="a key of nobody is signed in"),
        pytest.param([rule("allow", role="Member")], KEY_OF_NOBODY, False, id="... and has no role"),
        pytest.param([rule("allow", member=7)], KEY_OF_NOBODY, False, id="... and is no member"),
        pytest.param([rule("allow")], VISITOR, False, id="a visitor is not signed in"),
        pytest.param([rule("allow", member=7)], VISITOR_WHO_IS_KNOWN, False, id="... whoever it says it is"),
        pytest.param([], Actor("system", ACME), True, id="the system needs no rule"),
    ],
)
def test_the_rules_say_who_may_use_an_assistant(rules, who, allowed):
    assert decide(rules, who, "docs").allowed is allowed


def test_a_decision_names_the_rule_that_made_it():
    rules = [rule("allow", "other", id=1), rule("allow", id=2), rule("allow", "docs", id=3)]
    assert decide(rules, ANYBODY, "docs").rule_id == 2
    assert decide([*rules, rule("deny", role="Member", id=4)], ANYBODY, "docs").rule_id == 4
    assert decide([], ANYBODY, "docs").rule_id is None


# -- against a naive evaluator, over all that can be made of few names

assistants = st.sampled_from(["docs", "help", "d"])
members = st.integers(1, 3)
roles = st.sampled_from(ROLES)
audiences = st.one_of(
    st.just((None, None)),
    st.tuples(roles, st.none()),
    st.tuples(st.none(), members),  # everyone, a role, a member
)
rule_sets = st.lists(
    st.builds(
        lambda effect, assistant_id, audience: (effect, assistant_id, *audience),
        st.sampled_from(["allow", "deny"]),
        st.one_of(st.just(""), assistants),
        audiences,
    ),
    max_size=8,
).map(lambda rows: [Rule(number, *row) for number, row in enumerate(rows, 1)])
actors = st.builds(
    Actor,
    kind=st.sampled_from(["member", "api_key", "visitor"]),
    tenant=st.just(ACME),
    user_id=st.none() | members,
    roles=st.frozensets(roles),
)


def naive(rules: list[Rule], who: Actor, assistant_id: str) -> bool:
    """Some rule about this actor and this assistant allows it, and none denies it."""
    if who.kind == "visitor":
        return False
    effects = set()
    for each in rules:
        about_assistant = each.assistant_id == "" or each.assistant_id == assistant_id
        for_everyone = each.role is None and each.member_id is None
        for_a_role = each.role is not None and each.role in who.roles
        for_the_member = each.member_id is not None and each.member_id == who.user_id
        if about_assistant and (for_everyone or for_a_role or for_the_member):
            effects.add(each.effect)
    return effects == {"allow"}


@given(rules=rule_sets, who=actors, assistant_id=assistants)
def test_it_decides_as_the_wording_says(rules, who, assistant_id):
    assert decide(rules, who, assistant_id).allowed is naive(rules, who, assistant_id)


@given(rules=rule_sets, who=actors, assistant_id=assistants, data=st.data())
def test_the_order_of_the_rules_does_not_matter(rules, who, assistant_id, data):
    shuffled = data.draw(st.permutations(rules))
    assert decide(shuffled, who, assistant_id).allowed is decide(rules, who, assistant_id).allowed


@given(rules=rule_sets, who=actors, assistant_id=assistants)
def test_the_rule_that_is_named_speaks_of_this_actor_and_assistant_and_has_the_effect(rules, who, assistant_id):
    decision = decide(rules, who, assistant_id)
    if decision.rule_id is None:
        assert not decision.allowed
        return
    named = next(each for each in rules if each.id == decision.rule_id)
    assert named.effect == ("allow" if decision.allowed else "deny")
    assert naive([Rule(1, "allow", named.assistant_id, named.role, named.member_id)], who, assistant_id)


@given(rules=rule_sets, more=rule_sets, who=actors, assistant_id=assistants)
def test_no_rule_that_is_added_undoes_a_deny(rules, more, who, assistant_id):
    decision = decide(rules, who, assistant_id)
    assume(decision.rule_id is not None and not decision.allowed)
    assert not decide([*rules, *more], who, assistant_id).allowed


@given(rules=rule_sets, who=actors.filter(lambda who: who.kind == "visitor"), assistant_id=assistants)
def test_a_visitor_gets_nothing_whatever_the_rules(rules, who, assistant_id):
    assert not decide(rules, who, assistant_id).allowed
