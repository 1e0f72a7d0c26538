from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from common.words import words
from mailsync.domain import journal, search_index
from mailsync.domain.search_index import Question, Term
from mailsync.models import Attachment, Email, EmailBody, MailAccount, SearchEntry, Thread
from tests.factories.mail import make_account, make_thread


def find(*terms: Term | str, **bounds: object) -> list[int]:
    question = Question([Term(term) if isinstance(term, str) else term for term in terms], **bounds)
    keys = search_index.matching_keys(question, limit=10)
    emails = dict(SearchEntry.objects.filter(key__in=keys).values_list("key", "email"))
    return [emails[key] for key in keys]


def indexed(account: MailAccount, **fields: object) -> int:
    thread: Thread = make_thread(account, **fields)
    email = thread.emails.get()
    search_index.index_emails([email.pk])
    return email.pk


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Zde je příloha", "priloha"),
        ("Zde je priloha", "Příloha"),
        ("Łódź und die Straße", "lodz strasse"),
        ("Ørsted naïve", "orsted"),
        ("契約書を確認", "契約書"),
        ("동기화 테스트", "동기화"),
        ("новый договор", "ДОГОВОР"),
        ("write to ada.byron@acme.example", "ada.byron@acme.example"),
        ("order no. 48-113/b", "48-113/b"),
        ('it\'s "quoted" AND (so) NOT * on', "quoted AND so NOT on"),
    ],
)
def test_a_text_is_found_by_its_words(account, text, question):
    wanted = indexed(account, text=text)
    indexed(account, text="something else altogether")
    assert find(*question.split()) == [wanted]


def test_terms_are_all_wanted_and_columns_apart(account):
    offer = indexed(account, subject="Offer", text="renewal of the licence")
    indexed(account, subject="Renewal", text="no paper")
    assert find("renewal", "licence") == [offer]
    assert find(Term("renewal", column="body")) == [offer]
    assert find(Term("offer", column="subject")) == [offer]
    assert find(Term("offer", column="body")) == []
    assert find(Term("byron", column="sender"), "licence") == [offer]
    assert find(Term("northwind", column="recipients"), "licence") == [offer]


def test_phrases_beginnings_and_exclusions(account):
    first = indexed(account, text="the red house by the lake")
    second = indexed(account, text="house red")
    assert find("red house") == [first]
    assert find(Term("hou", is_prefix=True)) == [second, first]
    assert find("house", Term("lake", is_excluded=True)) == [second]
    assert find(Term("lake", is_excluded=True)) == []


def test_names_of_files_are_found(account):
    pk = indexed(account)
    Attachment.objects.create(
        email_id=pk, section="2", name="Rahmenvertrag_2027.pdf", content_type="application/pdf"
    )
    search_index.index_emails([pk])
    assert find("rahmenvertrag") == [pk]


def test_answers_come_newest_first_and_page_by_key(account):
    pks = [indexed(account, text="same word") for _ in range(3)]
    keys = search_index.matching_keys(Question([Term("same")]), limit=2)
    assert find("same") == pks[::-1]
    assert find("same", before_key=keys[-1]) == [pks[0]]
    assert find("same", after_key=keys[-1]) == [pks[2], pks[1]]


def test_only_the_asked_accounts_are_walked(account, bob):
    own = indexed(account, text="canary")
    other = make_account(bob)
    indexed(other, text="canary")
    assert find("canary", account_ids=[account.pk]) == [own]
    assert find(f"account{other.pk}") == []


def test_forgotten_and_changed_texts_are_not_found(account):
    pk = indexed(account, text="canary")
    search_index.forget_emails([pk])
    assert find("canary") == []
    assert not SearchEntry.objects.exists()

    search_index.index_emails([pk])
    search_index.forget_emails([pk])
    EmailBody.objects.update(text="sparrow")
    search_index.index_emails([pk])
    assert (find("canary"), find("sparrow")) == ([], [pk])


def test_words_that_are_not_words_ask_nothing(account):
    indexed(account)
    for text in ("", "***", '"', "( )", "'; DROP TABLE"):
        find(text)
    assert Email.objects.count() == 1


@pytest.mark.parametrize("number", [1, 30])
def test_indexing_takes_the_same_queries_for_many(account, number, django_assert_num_queries):
    threads = [make_thread(account) for _ in range(number)]
    ids = list(Email.objects.filter(thread__in=threads).values_list("pk", flat=True))
    # COPY is no query that is counted.
    with django_assert_num_queries(4 if connection.vendor == "postgresql" else 5):
        search_index.index_emails(ids)
    assert SearchEntry.objects.count() == number


def commanded(*options):
    out = StringIO()
    call_command("search_index", *options, stdout=out)
    return out.getvalue()


def lose_words(pk):
    key = SearchEntry.objects.get(email=pk).key
    column = "rowid" if connection.vendor == "sqlite" else "key"
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM mailsync_search WHERE {column} = %s", [key])


def test_the_command_fills_up_and_is_idempotent(account):
    pks = [make_thread(account, text="canary").emails.get().pk for _ in range(3)]
    search_index.index_emails(pks[:1])
    assert "2 of 2 emails" in commanded()
    assert find("canary") == pks[::-1]
    assert commanded() == "The search index is whole.\n"


def test_a_rebuild_that_is_cut_off_goes_on(account, monkeypatch):
    pks = [indexed(account, text="canary") for _ in range(5)]
    EmailBody.objects.update(text="sparrow")
    monkeypatch.setattr(search_index, "BATCH", 2)
    real, calls = search_index.fill_up, []

    def cut_off(batch):
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(batch)

    monkeypatch.setattr(search_index, "fill_up", cut_off)
    with pytest.raises(KeyboardInterrupt):
        commanded("--rebuild")
    assert find("sparrow") == pks[:2:-1]
    monkeypatch.setattr(search_index, "fill_up", real)
    commanded()
    assert (find("sparrow"), find("canary")) == (pks[::-1], [])


def test_words_of_removed_emails_are_swept(account):
    pk = indexed(account, text="canary")
    Email.objects.filter(pk=pk).delete()
    assert "1 entries of removed emails swept." in commanded()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mailsync_search")
        assert cursor.fetchone() == (0,)


def test_mail_check_sees_and_mends_holes_in_the_index(account):
    lost, wordless = indexed(account, text="canary"), indexed(account, text="canary")
    assert not codes(account)
    search_index.forget_emails([lost])
    lose_words(wordless)
    wanted = {("not_in_search_index", 1), ("no_words_in_search_index", 1)}
    assert codes(account) == wanted
    assert codes(account, repair=True) == wanted
    assert not codes(account)
    assert find("canary") == [wordless, lost]


def codes(account, **options):
    found = journal.check(account, **options)
    return {(one.code, one.count) for one in found if "search_index" in one.code}


def test_words_are_cut_alike_everywhere():
    assert words("Ada's e-mail: X_Y, 3D №5") == ["ada", "s", "e", "mail", "x", "y", "3d", "no5"]
    assert words("हिन्दी שָׁלוֹם") == ["हिन्दी", "שלום"]
    assert words("a" * 70 + " été_" + "b" * 70) == ["a" * 64, "ete", "b" * 64]
    assert words("A_b-C\x00d\x7fe" + "f" * 70) == ["a", "b", "c", "d", "e" + "f" * 63]
