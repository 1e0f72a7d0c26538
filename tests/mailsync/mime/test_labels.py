import pytest

from mailsync.mime.labels import field_of, label_of


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("From: Ada <ada@acme.example>", ("from", "From", "Ada <ada@acme.example>")),
        ("*Von:* Ada", ("from", "Von", "Ada")),
        ("> Envoyé : lundi", ("date", "Envoyé", "lundi")),
        ("收件人：台北", ("to", "收件人", "台北")),
        ("Objet\xa0: Devis", ("subject", "Objet", "Devis")),
        ("Remark: none of ours", ("", "Remark", "none of ours")),
        ("https://acme.example", None),
        ("no label", None),
        ("From: " + "x" * 3000, None),
    ],
)
def test_line_with_a_label(line: str, found: tuple[str, str, str] | None) -> None:
    assert label_of(line) == found


def test_a_word_is_known_in_one_code_point_and_in_two() -> None:
    assert field_of("Envoye\u0301") == field_of("ENVOYÉ") == "date"
