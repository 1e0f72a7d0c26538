"""Conditions written once: they say what their rule says, wherever they stand."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q

from common.remembered import Reader, remembered
from crm.models import Deal
from sharing.enums import ItemVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.factories.crm import make_deal
from users.models import User

pytestmark = pytest.mark.django_db


def own_ones(user: Any) -> Q:
    return Q(owner=user.pk)


def joined(user: Any) -> Q:
    return Q(owner__name="Alice", owner=user.pk)


def by_name(user: Any) -> Q:
    return Q(owner__in=User.objects.filter(name=user.name).values("pk"))


def nested(user: Any) -> Q:
    """A remembered condition within another one, about a table of the same name."""
    others = Deal.objects.filter(remembered(own_ones, Deal, user), title=OuterRef("title"))
    return Q(Exists(others.exclude(pk=OuterRef("pk"))))


def test_each_reader_gets_the_own_rows(alice: Any, bob: Any) -> None:
    first, second = make_deal(alice), make_deal(bob)
    for user, deal in ((alice, first), (bob, second), (alice, first)):
        assert list(Deal.objects.filter(remembered(own_ones, Deal, user))) == [deal]
        assert list(Deal.objects.exclude(remembered(own_ones, Deal, user))) != [deal]


def test_in_subqueries_of_the_same_table_and_in_itself(alice: Any, bob: Any) -> None:
    make_deal(alice, "Same")
    same = make_deal(bob, "Same")
    make_deal(bob, "Other")
    found = Deal.objects.filter(remembered(nested, Deal, alice), owner=bob)
    assert list(found) == [same]
    inside = Deal.objects.filter(pk__in=found.values("pk"))
    assert list(Deal.objects.filter(Exists(inside.filter(pk=OuterRef("pk"))))) == [same]
    assert found.update(title="Changed") == 1


def test_roles_are_told_apart(alice: Any, bob: Any, dana: Any) -> None:
    make_deal(bob, visibility=ItemVisibility.OWNER)
    assert Deal.objects.visible_to(dana).count() == 1
    assert Deal.objects.visible_to(alice).count() == 0
    group = VisibilityGroup.objects.create(name="Sales")
    for user in (alice, bob):
        GroupMembership.objects.create(user=user, group=group)
    Deal.objects.update(visibility=ItemVisibility.GROUP)
    assert Deal.objects.visible_to(alice).count() == 1


def test_who_may_not_sign_in_has_no_rows(alice: Any, eve: Any) -> None:
    make_deal(alice)
    assert not Deal.objects.visible_to(eve).exists()
    assert not Deal.objects.visible_to(AnonymousUser()).exists()


def test_rule_that_joins_is_refused(alice: Any) -> None:
    with pytest.raises(ValueError, match="joins"):
        list(Deal.objects.filter(remembered(joined, Deal, alice)))


def test_rule_that_looks_at_more_of_the_user_breaks(alice: Any) -> None:
    """Its text would be the first reader's, used for everybody."""
    with pytest.raises(AttributeError):
        list(Deal.objects.filter(remembered(by_name, Deal, alice)))


def test_nobody_has_the_number_of_the_stand_in(alice: Any) -> None:
    condition = Deal.objects.visible_to(alice).query.sql_with_params()[1]
    assert Reader(is_administrator=False).pk not in condition
    assert alice.pk in condition
