"""Templates and signatures."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inbox.domain import text_files
from inbox.models import MailTemplate, Signature
from mailsync.enums import AccountScope
from mailsync.mime import plain
from mailsync.models import MailAccount

MAX_HTML = 200_000
# With the pictures that were just put into it.
MAX_WITH_PICTURES = 2_300_000


class RichTextMixin(forms.Form):
    """A text that the editor writes; without script it is plain text."""

    html = forms.CharField(
        label=_("Text"), required=False, max_length=MAX_WITH_PICTURES, strip=False
    )
    format = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("html") and cleaned.get("format") != "html":
            text = cleaned["html"].replace("\r\n", "\n")
            cleaned["html"] = plain.text_to_html_source(text)
        if text_files.too_big(cleaned.get("html", "")):
            self.add_error("html", _("A picture may have 1 MB at most. Make it smaller."))
        elif len(text_files.without_pictures(cleaned.get("html", ""))) > MAX_HTML:
            self.add_error("html", _("This text is too long."))
        return cleaned


class TemplateForm(RichTextMixin, forms.ModelForm):
    class Meta:
        model = MailTemplate
        fields = ("name", "folder", "subject", "html", "is_shared")
        labels = {"folder": _("Folder")}

    def clean_folder(self) -> str:
        return " ".join(self.cleaned_data["folder"].split())


class SignatureForm(RichTextMixin, forms.ModelForm):
    """Without an account it stands under all of its owner's mail; for a team account it belongs
    to the team."""

    class Meta:
        model = Signature
        fields = ("name", "account", "html", "is_for_new", "is_for_replies")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        accounts = MailAccount.objects.usable_by(user).distinct()
        self.fields["account"].queryset = accounts
        self.fields["account"].empty_label = _("All my accounts")
        self.fields["account"].label_from_instance = lambda account: account.address

    def save(self, commit: bool = True) -> Signature:  # noqa: FBT001, FBT002 -- Django's own
        signature = super().save(commit=False)
        account = signature.account
        is_teams = account is not None and account.scope == AccountScope.TEAM
        signature.owner = None if is_teams else self.user
        if commit:
            signature.save()
        return signature
