"""What a mailbox is for: by special use (RFC 6154), else by its name in many languages.

Names are a guess of last resort: a flag from the server and the user's choice come first.
"""

import unicodedata

from mailsync.enums import MailboxRole

BY_ATTRIBUTE = {
    "\\archive": MailboxRole.ARCHIVE,
    "\\drafts": MailboxRole.DRAFTS,
    "\\sent": MailboxRole.SENT,
    "\\junk": MailboxRole.JUNK,
    "\\spam": MailboxRole.JUNK,  # XLIST of old
    "\\trash": MailboxRole.TRASH,
    "\\all": MailboxRole.ALL,
    "\\allmail": MailboxRole.ALL,
    "\\inbox": MailboxRole.INBOX,
}

# The first name that exists wins, so the commonest spelling of a language stands first.
NAMES = {
    MailboxRole.SENT: (
        "sent", "sent items", "sent messages", "sent mail", "sent-mail", "outbox sent",
        "gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten",
        "envoyés", "messages envoyés", "éléments envoyés", "courrier envoyé",
        "enviados", "elementos enviados", "mensajes enviados", "correo enviado",
        "itens enviados", "mensagens enviadas", "enviadas",
        "inviati", "posta inviata", "messaggi inviati", "elementi inviati",
        "verzonden", "verzonden items", "verzonden berichten",
        "skickat", "skickade objekt", "sendt", "sendte elementer", "lähetetyt",
        "wysłane", "elementy wysłane", "odeslané", "odeslaná pošta", "odoslané",
        "elküldött", "elküldött elemek", "trimise", "elemente trimise",
        "отправленные", "исходящие", "надіслані", "изпратени", "poslano", "poslane",
        "gönderilmiş öğeler", "gönderilenler", "gönderilmiş", "απεσταλμένα",
        "已发送", "已发送邮件", "已傳送", "寄件備份", "送信済み", "送信済みトレイ", "送信済みメール",
        "보낸편지함", "보낸 편지함", "المرسلة", "البريد المرسل", "נשלח", "נשלחו", "đã gửi", "ส่งแล้ว",
    ),
    MailboxRole.DRAFTS: (
        "drafts", "draft", "entwürfe", "entwurf", "brouillons", "brouillon",
        "borradores", "borrador", "rascunhos", "bozze", "concepten", "utkast", "kladder",
        "luonnokset", "szkice", "kopie robocze", "wersje robocze", "koncepty", "rozepsané",
        "piszkozatok", "ciorne", "черновики", "чернетки", "чернови", "osnutki", "skice",
        "taslaklar", "πρόχειρα", "草稿", "草稿箱", "草稿匣", "下書き", "임시보관함", "임시 보관함",
        "المسودات", "מסודות", "טיוטות", "thư nháp", "ร่างจดหมาย",
    ),
    MailboxRole.TRASH: (
        "trash", "deleted items", "deleted messages", "deleted", "bin", "wastebasket",
        "papierkorb", "gelöschte elemente", "gelöschte objekte", "gelöscht",
        "corbeille", "éléments supprimés", "messages supprimés",
        "papelera", "elementos eliminados", "eliminados", "lixeira", "itens excluídos", "lixo",
        "cestino", "posta eliminata", "elementi eliminati", "prullenbak", "verwijderde items",
        "papperskorgen", "borttagna objekt", "papirkurv", "slettet post", "slettede elementer",
        "roskakori", "poistetut", "kosz", "elementy usunięte", "koš", "kôš", "odstraněná pošta",
        "kuka", "törölt elemek", "coș de gunoi", "elemente șterse",
        "корзина", "удаленные", "удалённые", "кошик", "видалені", "кошче", "koš za smeti",
        "çöp kutusu", "çöp", "silinmiş öğeler", "κάδος απορριμμάτων", "διαγραμμένα",
        "已删除", "已删除邮件", "垃圾桶", "刪除的郵件", "ゴミ箱", "削除済みアイテム", "휴지통", "지운편지함",
        "المهملات", "אשפה", "thùng rác", "ถังขยะ",
    ),
    MailboxRole.JUNK: (
        "junk", "spam", "junk email", "junk e-mail", "junk mail", "bulk", "bulk mail",
        "spamverdacht", "unerwünscht", "unerwünschte werbung", "courrier indésirable",
        "indésirables", "pourriel", "correo no deseado", "no deseado", "lixo eletrônico",
        "lixo eletrónico", "posta indesiderata", "ongewenste e-mail", "ongewenst",
        "skräppost", "søppelpost", "uønsket e-post", "roskaposti", "niechciane", "wiadomości-śmieci",
        "nevyžádaná pošta", "nevyžiadaná pošta", "levélszemét", "mesaje nedorite",
        "спам", "нежелательная почта", "небажана пошта", "нежелана поща", "neželena pošta",
        "önemsiz", "önemsiz e-posta", "istenmeyen", "ανεπιθύμητα", "垃圾邮件", "垃圾郵件",
        "迷惑メール", "스팸", "스팸메일함", "스팸편지함", "البريد العشوائي", "דואר זבל", "thư rác",
    ),
    MailboxRole.ARCHIVE: (
        "archive", "archives", "archived", "archiv", "archivio", "archivo", "arquivo",
        "arquivo morto", "arkiv", "archief", "arkisto", "archiwum", "archív", "archívum",
        "arhivă", "arhiva", "архив", "архів", "arşiv", "αρχείο", "归档", "存档", "封存", "アーカイブ",
        "보관함", "الأرشيف", "ארכיון", "lưu trữ",
    ),
}  # fmt: skip


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


_BY_NAME = {
    _plain(name): (role, rank) for role, names in NAMES.items() for rank, name in enumerate(names)
}


def role_by_attributes(attributes: frozenset[str], path: str) -> MailboxRole:
    """What the server itself says."""
    if path.upper() == "INBOX":
        return MailboxRole.INBOX
    for attribute, role in BY_ATTRIBUTE.items():
        if attribute in attributes:
            return role
    return MailboxRole.NONE


def roles_by_name(
    paths: list[tuple[str, str]], *, missing: frozenset[MailboxRole]
) -> dict[str, MailboxRole]:
    """Guesses the missing roles from (path, delimiter): at most one mailbox a role, top-level
    ones (or those right under INBOX) only."""
    best: dict[MailboxRole, tuple[int, str]] = {}
    for path, delimiter in paths:
        parts = path.split(delimiter) if delimiter else [path]
        if len(parts) > 1 and parts[0].upper() in ("INBOX", "[GMAIL]", "[GOOGLE MAIL]"):
            parts = parts[1:]
        found = _BY_NAME.get(_plain(parts[0])) if len(parts) == 1 else None
        if found is None or found[0] not in missing:
            continue
        role, rank = found
        if role not in best or rank < best[role][0]:
            best[role] = (rank, path)
    return {path: role for role, (_rank, path) in best.items()}
