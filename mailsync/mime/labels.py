"""The words that mail programs write before a quoted or forwarded header, by what they mean.

Structure decides first (a block of `Word: value` lines with an address in it); these words tell
which line is which. Sources: the interfaces of Outlook, Apple Mail, Gmail, Thunderbird and Yahoo.
"""

import re
import unicodedata
from functools import lru_cache

_WORDS = {
    "from": "from|von|de|da|van|fra|från|od|odesílatel|odesilatel|odosielateľ|od koho|feladó|felado|"
    "lähettäjä|saatja|šalje|salje|gönderen|kimden|від|від кого|от|от кого|отправитель|expéditeur|"
    "expediteur|remitente|remetente|mittente|afzender|afsender|avsender|avsändare|absender|"
    "nadawca|отправлено от|送信元|差出人|发件人|發件人|寄件者|寄件人|보낸 사람|보낸사람|de la|"
    "από|pošiljatelj|подател|šaltinis|no|nuo|מאת|من|จาก|từ|dari|डे|expeditor|sender|frá|nga|"
    "送信者|自|발신|از",
    "to": "to|an|à|a|para|aan|til|till|komu|pro|pre|do|címzett|vastaanottaja|prima|prejemnik|kime|"
    "alıcı|кому|pour|destinataire|destinatario|destinatário|ontvanger|modtager|mottaker|"
    "mottagare|empfänger|adresat|送信先|宛先|收件人|收件者|받는 사람|받는사람|către|catre|προς|za|"
    "до|kam|kime:|אל|إلى|ถึง|tới|kepada|saaja|kellele|i|at|recipient|recipients|к|a:|til:|sent to",
    "cc": "cc|kopie|kopie (cc)|kopia|kopi|kópia|kopija|másolat|masolat|kopio|koopia|bilgi|копия|копія|"
    "copie|copie à|copia|copia conoscenza|cópia|dw|do wiadomości|抄送|副本|참조|ccc|kopi til|κοιν|"
    "κοινοποίηση|cópia de|másolatot kap|kópie|сс|ktr|kopia do|kk|en copie",
    "date": "date|sent|datum|gesendet|data|fecha|dato|dátum|datum odeslání|odesláno|odoslané|poslano|"
    "päivämäärä|päiväys|lähetetty|kuupäev|saadetud|tarih|gönderilme|дата|надіслано|отправлено|"
    "envoyé|envoye|enviado|enviado el|enviada em|enviado em|inviato|verzonden|sendt|skickat|"
    "skickad|wysłano|wysłane|日付|日時|送信日時|送信日|发送时间|發送時間|日期|寄件日期|時間|보낸 날짜|날짜|"
    "dată|trimis|ημερομηνία|elküldve|küldve|datums|date d'envoi|תאריך|التاريخ|วันที่|ngày|tanggal|"
    "date/time|sent at|gesendet am|inviato il|sent on|dat|envoyé le|data wysłania|fecha de envío",
    "subject": "subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|emne|ämne|předmět|predmet|"
    "tárgy|targy|aihe|teema|konu|тема|temat|件名|主题|主題|标题|제목|subiect|θέμα|naslov|zadeva|относно|"
    "tēma|נושא|الموضوع|เรื่อง|chủ đề|subjek|efni|betr|re|onderwerp:",
    "reply-to": "reply-to|reply to|antwort an|antwort-an|répondre à|repondre a|responder a|rispondi a|"
    "antwoord aan|svar til|svara till|odpovědět|odpowiedź do|odpověď na|vastaus|yanıtla|ответить|"
    "返信先|回复|risposta|responder para|beantwoorden",
    "other": "importance|wichtigkeit|priority|priorität|attachments|anlagen|pièces jointes|organization|"
    "mailed-by|signed-by|message-id|newsgroups|bcc|importancia|importância|bijlagen|resent-date|"
    "resent-from|resent-to|x-mailer|categories|category|conversation|reply|in-reply-to|references",
}  # fmt: skip

_FIELD_OF = {
    unicodedata.normalize("NFC", word): field
    for field, words in reversed(list(_WORDS.items()))
    for word in words.split("|")
}
LABEL_LINE = re.compile(
    r"^[\s\u200e\u200f>|]{0,20}\*{0,2}_?([^\s:：<>@/*\d][^:：<>@*\n]{0,28}?)\s{0,3}\*{0,2}\s?[:：]\s?\*{0,2}_?(?!//)(.*)$"
)


def field_of(label: str) -> str:
    """from, to, cc, date, subject, reply-to, other; empty for a word that is none of ours."""
    label = unicodedata.normalize("NFC", label).replace("\xa0", " ").strip().casefold()
    return _FIELD_OF.get(label, "")


# A search for blocks of fields asks for the same few dozen lines over and over.
@lru_cache(maxsize=128)
def label_of(line: str) -> tuple[str, str, str] | None:
    """Field, label and value of a line such as `Von: …`; the field is empty when unknown."""
    if len(line) > 2000:
        return None
    found = LABEL_LINE.match(line)
    if found is None:
        return None
    label, value = found.group(1), found.group(2).strip().removeprefix("* ").strip()
    return field_of(label), label, value
