"""What is asked before a mail leaves."""

import pytest

from inbox.domain import checks
from inbox.domain.checks import Check
from inbox.models import Draft


@pytest.fixture
def asked(alice, account):
    """`asked(text)`: is the writer of this text asked for the file?"""

    def ask(text: str, subject: str = "Offer") -> bool:
        draft = Draft.objects.create(author=alice, account=account, subject=subject, html=text)
        found = {one.check for one in checks.questions(draft, by=alice)}
        return Check.FORGOTTEN_FILE in found

    return ask


@pytest.mark.parametrize(
    "text",
    [
        "Please find attached our offer.", "See the ATTACHMENT", "Im Anhang finden Sie …",
        "anbei das Angebot", "Vous trouverez ci-joint", "en pièce jointe", "Adjunto la oferta",
        "in allegato l'offerta", "In de bijlage", "Vedlagt tilbud", "Vedhæftet", "bifogad fil",
        "liitteenä tarjous", "em anexo", "W załączniku przesyłam", "v příloze", "Mellékelten küldöm",
        "Во вложении договор", "прикрепляю файл", "Επισυνάπτω", "Ekte bulabilirsiniz",
        "資料を添付します", "请见附件", "첨부 파일", "مرفق العرض", "מצורף הקובץ",
    ],
)  # fmt: skip
def test_a_file_that_was_promised_is_asked_for(asked, text):
    assert asked(f"<p>{text}</p>")


@pytest.mark.parametrize("text", ["We are attaining it.", "Ein Anhänger für Fahrräder", "Bekter"])
def test_other_words_promise_nothing(asked, text):
    assert not asked(f"<p>{text}</p>")


def test_the_subject_promises_too(asked):
    assert asked("<p>Hello</p>", subject="Offer attached")


def test_what_is_quoted_was_promised_by_somebody_else(asked):
    quote = (
        "<div>On 27 Nov 2026, 17:26 Ada &lt;ada@acme.example&gt; wrote:</div>"
        '<blockquote type="cite">The sketch is attached.</blockquote>'
    )
    assert not asked(f"<p>Thanks</p>{quote}")
    assert asked(f"<p>See the attached sketch</p>{quote}")
