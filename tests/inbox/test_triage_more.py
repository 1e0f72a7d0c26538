"""Assigning, blocking with its undo, and whose turn it is."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from inbox.domain import jobs, triage
from inbox.domain.queries.lists import accounts_of, box_page, members_of
from inbox.enums import Act
from inbox.forms.filters import FilterForm
from inbox.models import Label, ThreadLabel, UndoToken
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, BlockedAddress, Thread
from notifications.domain import bell
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def team(alice, bob):
    account = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        AccountMember.objects.create(account=account, user=user)
    return account


def post(client, thread, act, **data):
    url = reverse("inbox:thread_act", args=[thread.key, act])
    return client.post(url, {"box": "inbox", **data}, headers=HTMX)


def undo(client):
    return client.post(reverse("inbox:undo_newest"), headers=HTMX)


def subjects(user, query):
    accounts = accounts_of(user)
    form = FilterForm(QueryDict(query), accounts=accounts, labels=[], members=members_of(accounts))
    page = box_page(user, box="inbox", wanted=form.wanted, accounts=accounts)
    return {row.thread.subject for row in page.rows}, [chip.text for chip in form.chips()]


# --- Assigning -----------------------------------------------------------------------------------


def test_assigned_and_taken_back_to_whoever_had_it(alice, bob, team, signed_in):
    thread = make_thread(team, "Demo")
    client = signed_in.as_(alice)
    assert (
        "Conversation assigned."
        in post(client, thread, "assign", assignee=alice.pk).content.decode()
    )
    post(client, thread, "assign", assignee=bob.pk)
    thread.refresh_from_db()
    assert thread.assigned_to == bob
    assert [one.line.text for one in bell.page_for(bob).notifications] == ["Assigned to you: Demo"]
    undo(client)
    thread.refresh_from_db()
    assert thread.assigned_to == alice
    undo(client)
    thread.refresh_from_db()
    assert thread.assigned_to is None
    # Nobody is told of work that is no longer his; nobody is told of what he took himself.
    assert bell.page_for(bob).notifications == []
    assert bell.page_for(alice).notifications == []


def test_unassigned_and_back(alice, bob, team, signed_in):
    thread = make_thread(team, "Demo", assigned_to=bob)
    client = signed_in.as_(alice)
    post(client, thread, "unassign")
    thread.refresh_from_db()
    assert thread.assigned_to is None
    undo(client)
    thread.refresh_from_db()
    assert thread.assigned_to == bob


def test_only_members_get_a_teams_work_and_nobody_a_personal_one(
    alice, bob, carol, eve, account, team, signed_in
):
    thread, personal = make_thread(team), make_thread(account)
    client = signed_in.as_(alice)
    for assignee, found in ((carol, thread), (eve, thread), (bob, personal), (alice, personal)):
        post(client, found, "assign", assignee=assignee.pk)
    assert not Thread.objects.exclude(assigned_to=None).exists()
    assert not UndoToken.objects.exists()
    answer = post(client, thread, "assign", assignee="x")
    assert "Choose somebody of the team" in answer.content.decode()


def test_the_menu_offers_the_team_and_the_row_names_the_one(alice, bob, team, account, signed_in):
    thread = make_thread(team, "Demo", assigned_to=bob)
    client = signed_in.as_(alice)
    page = client.get(reverse("inbox:thread", args=[thread.key])).content.decode()
    assert 'data-key="assign"' in page
    assert page.count('name="assignee"') == 2
    own = client.get(reverse("inbox:thread", args=[make_thread(account).key])).content.decode()
    assert 'data-key="assign"' not in own
    rows = client.get("/mail/inbox/", headers=HTMX).content.decode()
    assert "Assigned to" in rows
    assert "Bob" in rows


def test_assigned_is_a_filter_with_a_chip(alice, bob, team):
    make_thread(team, "his", assigned_to=bob)
    make_thread(team, "mine", assigned_to=alice)
    make_thread(team, "free")
    assert subjects(alice, f"assigned={bob.pk}") == ({"his"}, ["Assigned to Bob"])
    assert subjects(alice, "assigned=nobody") == ({"free"}, ["Assigned to nobody"])
    assert subjects(alice, "assigned=999999") == ({"his", "mine", "free"}, [])


def test_a_stranger_to_the_team_is_no_filter(alice, carol, team, account):
    make_thread(account, "own")
    assert subjects(alice, f"assigned={carol.pk}")[1] == []


def test_many_are_assigned_in_the_background_with_their_undo(alice, bob, team, monkeypatch):
    monkeypatch.setattr(jobs, "PIECE", 2)
    threads = [make_thread(team) for _number in range(5)]
    job = jobs.begin(Act.ASSIGN, [one.pk for one in threads], by=alice, assignee=bob)
    jobs.run(job.pk)
    assert Thread.objects.filter(assigned_to=bob).count() == 5
    job.refresh_from_db()
    triage.undo(job.undo.token, by=alice)
    assert not Thread.objects.filter(assigned_to=bob).exists()


# --- Blocking ------------------------------------------------------------------------------------


def block(client, thread):
    url = reverse("inbox:thread_block", args=[thread.key])
    return client.post(url, {"box": "inbox"}, headers=HTMX)


def test_block_and_its_undo_are_one(alice, account, signed_in):
    thread = make_thread(account)
    client = signed_in.as_(alice)
    answer = block(client, thread).content.decode()
    assert "ada@acme.example is blocked" in answer
    assert BlockedAddress.objects.get().pattern == "ada@acme.example"
    thread.refresh_from_db()
    assert thread.trashed_at
    undo(client)
    thread.refresh_from_db()
    assert not thread.trashed_at
    assert not BlockedAddress.objects.exists()


def test_it_is_asked_whether_one_address_or_its_domain(alice, account, signed_in):
    thread = make_thread(account)
    client = signed_in.as_(alice)
    url = reverse("inbox:thread_block", args=[thread.key])
    asked = client.get(url, headers=HTMX).content.decode()
    assert "ada@acme.example" in asked
    assert "everybody at" in asked
    assert not BlockedAddress.objects.exists()
    answer = client.post(url, {"box": "inbox", "whom": "domain"}, headers=HTMX).content.decode()
    assert "acme.example is blocked" in answer
    row = BlockedAddress.objects.get()
    assert (row.scope, row.pattern) == ("domain", "acme.example")


@pytest.mark.parametrize("address", ["ada@gmail.com", "ada@northwind.example"])
def test_a_domain_of_half_the_world_or_of_ours_is_not_offered(alice, account, signed_in, address):
    thread = make_thread(account)
    thread.emails.update(from_address=address)
    url = reverse("inbox:thread_block", args=[thread.key])
    asked = signed_in.as_(alice).get(url, headers=HTMX).content.decode()
    assert address in asked
    assert "everybody at" not in asked


def test_undo_lets_nobody_in_who_was_blocked_before(alice, account, signed_in):
    BlockedAddress.objects.create(user=alice, scope="address", pattern="ada@acme.example")
    thread = make_thread(account)
    client = signed_in.as_(alice)
    block(client, thread)
    undo(client)
    thread.refresh_from_db()
    assert not thread.trashed_at
    assert BlockedAddress.objects.count() == 1


def test_undo_unblocks_where_the_conversation_was_in_trash_already(alice, account, signed_in):
    thread = make_thread(account, trashed_at=timezone.now(), in_trash=True, in_inbox=False)
    client = signed_in.as_(alice)
    block(client, thread)
    assert BlockedAddress.objects.exists()
    assert "Undone." in undo(client).content.decode()
    assert not BlockedAddress.objects.exists()


def test_what_was_left_out_meanwhile_is_looked_at_again(
    alice, account, signed_in, monkeypatch, django_capture_on_commit_callbacks
):
    from mailsync import tasks

    asked = []
    monkeypatch.setattr(tasks.reconsider_mail, "delay_on_commit", asked.append)
    client = signed_in.as_(alice)
    block(client, make_thread(account))
    undo(client)
    assert asked == [account.pk]


# --- Whose turn ----------------------------------------------------------------------------------


def test_whose_turn_it_is(alice, account):
    now = timezone.now()
    earlier = now - timezone.timedelta(hours=1)
    make_thread(account, "never answered", last_inbound_at=now)
    make_thread(account, "they wrote last", last_inbound_at=now, last_outbound_at=earlier)
    make_thread(account, "we wrote last", last_inbound_at=earlier, last_outbound_at=now)
    make_thread(account, "only we", last_inbound_at=None, last_outbound_at=now)
    us, them = {"never answered", "they wrote last"}, {"we wrote last", "only we"}
    assert subjects(alice, "waiting=us") == (us, ["Waiting for us"])
    assert subjects(alice, "waiting=them") == (them, ["No reply yet"])
    assert subjects(alice, "waiting=x") == (us | them, [])


# --- Labels that are made by putting them on -----------------------------------------------------


def put(client, thread, name):
    url = reverse("inbox:thread_act", args=[thread.key, "label"])
    return client.post(url, {"box": "inbox", "new_label": name}, headers=HTMX)


def test_a_new_label_is_made_and_put_on(alice, account, signed_in):
    thread = make_thread(account)
    client = signed_in.as_(alice)
    assert "Label added." in put(client, thread, "  Very   urgent ").content.decode()
    label = Label.objects.get()
    assert label.name == "Very urgent"
    assert list(ThreadLabel.objects.values_list("thread_id", "label_id")) == [(thread.pk, label.pk)]
    # By another spelling it is the same one, and twice is harmless.
    assert "it was so already" in put(client, thread, "VERY urgent").content.decode()
    assert Label.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_label_needs_a_name_that_fits(alice, account, signed_in, name):
    thread = make_thread(account)
    assert "at most 60 characters" in put(signed_in.as_(alice), thread, name).content.decode()
    assert not Label.objects.exists()


def test_an_outsider_makes_no_label(alice, carol, account, signed_in):
    thread = make_thread(account)
    assert put(signed_in.as_(carol), thread, "Mine").status_code == 404
    assert not Label.objects.exists()


def test_a_filtered_list_takes_its_label_off_many(alice, account, signed_in):
    label = Label.objects.create(name="Done")
    threads = [make_thread(account) for _number in range(2)]
    for thread in threads:
        ThreadLabel.objects.create(thread=thread, label=label)
    client = signed_in.as_(alice)
    assert "Remove this label" not in client.get("/mail/inbox/").content.decode()
    assert "Remove this label" in client.get(f"/mail/inbox/?label={label.pk}").content.decode()
    keys = [thread.key for thread in threads]
    client.post("/mail/threads/unlabel/", {"thread": keys, "label": label.pk})
    assert not ThreadLabel.objects.exists()


# --- The header of an open conversation ----------------------------------------------------------


def test_the_header_is_drawn_anew_without_the_messages(alice, bob, account, signed_in):
    thread = make_thread(account, text="canary-4711")
    url = reverse("inbox:thread", args=[thread.key])
    headers = {**HTMX, "HX-Target": "header#thread-header"}
    client = signed_in.as_(alice)
    assert "canary-4711" in client.get(url, headers=HTMX).content.decode()
    thread.is_flagged = True
    thread.save()
    shown = client.get(url, headers=headers).content.decode()
    assert "canary-4711" not in shown
    assert "Remove star" in shown
    # A refresh takes the focus from nothing.
    assert "autofocus" not in shown
    assert signed_in.as_(bob).get(url, headers=headers).status_code == 404


def test_labels_to_choose_from_come_when_they_are_asked_for(alice, bob, account, signed_in):
    thread = make_thread(account)
    on, off = (Label.objects.create(name=name) for name in ("Offer", "Support"))
    ThreadLabel.objects.create(thread=thread, label=on)
    client = signed_in.as_(alice)
    url = reverse("inbox:thread_labels", args=[thread.key])
    shown = client.get(url, headers=HTMX).content.decode()
    assert f'value="{on.pk}" formaction="/mail/t/{thread.key}/unlabel/"' in shown
    assert f'value="{off.pk}" formaction="/mail/t/{thread.key}/label/"' in shown
    # Without script it is a page.
    assert "</html>" in client.get(url).content.decode()
    client.post(f"/mail/t/{thread.key}/label/", {"label": off.pk})
    assert ThreadLabel.objects.filter(thread=thread, label=off).exists()
    assert signed_in.as_(bob).get(url, headers=HTMX).status_code == 404
    many = client.get(reverse("inbox:label_choices"), headers=HTMX).content.decode()
    assert f'value="{on.pk}" formaction="/mail/threads/label/"' in many


# --- Snoozed and in Trash: until when ------------------------------------------------------------


def test_what_is_snoozed_says_until_when(alice, account, signed_in):
    until = timezone.now() + timedelta(days=3)
    thread = make_thread(account, snoozed_until=until)
    client = signed_in.as_(alice)
    shown = date_format(timezone.localtime(until), "D j M, H:i")
    assert shown in client.get("/mail/snoozed/").content.decode()
    assert shown not in client.get("/mail/all/").content.decode()
    assert shown in client.get(reverse("inbox:thread", args=[thread.key])).content.decode()


def test_trash_says_for_how_long(alice, account, signed_in):
    client = signed_in.as_(alice)
    make_thread(account, trashed_at=timezone.now(), in_trash=True, in_inbox=False)
    assert "stay here for 30 days" in client.get("/mail/trash/").content.decode()
    make_thread(account)
    assert "stay here for 30 days" not in client.get("/mail/inbox/").content.decode()
