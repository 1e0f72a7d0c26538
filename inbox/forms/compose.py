"""What the compose window sends."""

from typing import Any

from django import forms
from django.http import Http404

from common.numbers import number_in
from common.opaque import unseal
from crm.models import Deal, Lead, Organization, Person, Project
from inbox.domain import recipients
from inbox.models import Signature
from mailsync.mime import plain
from mailsync.models import Email, MailAccount
from sharing.enums import ThreadVisibility

RECORDS = {"deal": Deal, "lead": Lead, "project": Project, "person": Person}
MAX_HTML = 5_000_000


def record_of(text: str, user: Any) -> Any:
    """The record that `deal:3` names, if this user may see it; 404 otherwise."""
    kind, _colon, number = text.partition(":")
    model = RECORDS.get(kind)
    return _visible(model, number, user)


def organization_of(number: str, user: Any) -> Organization:
    """Whose people a mail is for; a mail is linked to it through them."""
    found: Organization = _visible(Organization, number, user)
    return found


def _visible(model: Any, number: str, user: Any) -> Any:
    if model is None:
        raise Http404
    found = model.objects.visible_to(user).filter(pk=number_in(number)).first()
    if found is None:
        raise Http404
    return found


def own_row(rows: Any, kind: str, key: str) -> Any:
    """The row behind a sealed key, if it is among these; 404 otherwise."""
    pk = unseal(kind, key)
    found = rows.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise Http404
    return found


class DraftForm(forms.Form):
    """The fields of a mail being written. Ids that the writer may not use give 404: the window
    offers none of them."""

    account = forms.CharField(required=False)
    to = forms.CharField(required=False)
    cc = forms.CharField(required=False)
    bcc = forms.CharField(required=False)
    subject = forms.CharField(required=False, max_length=1000)
    content = forms.CharField(required=False, max_length=MAX_HTML, strip=False)
    # Without script the window is a text area, and what is typed there is text.
    format = forms.ChoiceField(choices=[("html", ""), ("text", "")], required=False)
    includes_quote = forms.BooleanField(required=False)
    signature = forms.CharField(required=False)
    visibility = forms.ChoiceField(choices=ThreadVisibility.choices, required=False)
    record = forms.CharField(required=False)

    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data)
        self.user = user

    def changes(self) -> dict[str, Any]:
        """For `drafts.save`."""
        if not self.is_valid():
            raise Http404
        cleaned = self.cleaned_data
        accounts = MailAccount.objects.usable_by(self.user)
        content = cleaned["content"]
        if cleaned["format"] != "html":
            content = plain.text_to_html_source(content.replace("\r\n", "\n"))
        record = record_of(cleaned["record"], self.user) if cleaned["record"] else None
        return {
            "account": own_row(accounts, "account", cleaned["account"])
            if cleaned["account"]
            else None,
            **{role: recipients.read_list(cleaned[role]) for role in ("to", "cc", "bcc")},
            "subject": " ".join(cleaned["subject"].split()),
            "html": content,
            "includes_quote": cleaned["includes_quote"],
            "signature": self._signature(),
            "visibility": cleaned["visibility"],
            **{
                kind: record if isinstance(record, model) else None
                for kind, model in RECORDS.items()
            },
        }

    def _signature(self) -> Signature | None:
        chosen = self.cleaned_data["signature"]
        if not chosen:
            return None
        found = Signature.objects.usable_by(self.user).filter(pk=number_in(chosen))
        signature = found.first()
        if signature is None:
            raise Http404
        return signature


def parent_of(key: str, user: Any) -> Email:
    """The mail that is answered; 404 when this user may not see it."""
    return own_row(Email.objects.visible_to(user).select_related("thread", "account"), "email", key)
