"""Forms of the five kinds of record. Each names its fields: nothing else of a row can be set."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.domain.organizations import add_organization
from crm.domain.persons import add_person
from crm.domain.queries.cards import persons_with_addresses
from crm.forms.links import RecordNameField, connect_suggestions
from crm.forms.rows import AddressesField, PhonesField, SeveralField
from crm.models import Organization, Person, Phase, RecordLabel, Stage
from crm.rules import can_set_visibility
from sharing.enums import ItemVisibility
from users.models import Company, User


def currency_choices(current: str) -> list[tuple[str, str]]:
    known = ["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CNY", "INR"]
    return [(code, code) for code in dict.fromkeys([current, *known])]


# The facts of a record that are edited one by one in place, and the fields of each.
FACTS: dict[str, tuple[str, ...]] = {
    "name": ("name", "title"),
    "owner": ("owner",),
    "labels": ("labels",),
    "visibility": ("visibility",),
    "value": ("value", "currency"),
    "close": ("expected_close_date",),
    "job": ("job_title",),
    "source": ("source",),
    "about": ("organization",),
}


class RecordForm(forms.Form):
    """What every kind has: owner, visibility, labels. `record` is None for a new one.

    `only` names one of FACTS: then the form has the fields of that fact and no others.
    """

    kind: str
    use_required_attribute = False

    def __init__(
        self, *args: Any, user: User, record: Any = None, only: str = "", **kwargs: Any
    ) -> None:
        self.user, self.record = user, record
        self.only = only if only in FACTS else ""
        super().__init__(*args, **kwargs)
        self.fields["owner"] = forms.ModelChoiceField(
            label=_("Owner"), queryset=possible_owners(record), empty_label=None
        )
        self.fields["owner"].initial = user.pk
        if record is None or can_set_visibility(user, record):
            self.fields["visibility"] = forms.ChoiceField(
                label=_("Visible to"),
                choices=ItemVisibility.choices,
                initial=ItemVisibility.COMPANY,
                help_text=_("Administrators and the managers of the owner's teams always see it."),
            )
        labels = RecordLabel.objects.filter(kind=self.kind)
        has_labels = labels.exists()
        if has_labels or self.only == "labels":
            self.fields["labels"] = forms.ModelMultipleChoiceField(
                label=_("Labels"),
                queryset=labels,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text="" if has_labels else _("No labels yet. Administrators make them."),
            )
        self._prepare()
        if self.only:
            wanted = FACTS[self.only]
            self.fields = {n: field for n, field in self.fields.items() if n in wanted}
        if record is not None:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, required=False)
            self._fill_from(record)
        if self.is_bound:
            self._fill_in()
        connect_suggestions(self)

    def _fill_in(self) -> None:
        """Choices that a short post leaves out stay as they are."""
        for name in ("owner", "visibility", "currency"):
            if name in self.fields and not self.data.get(name):
                initial = self.fields[name].initial
                self.data = self.data.copy()
                self.data[name] = str(getattr(initial, "pk", initial))

    def _prepare(self) -> None:
        """Changes the fields before they are filled."""

    def known(self) -> list[Any]:
        """Records that are there already and would be doubled by this new one."""
        return []

    def _fill_from(self, record: Any) -> None:
        for name, field in list(self.fields.items()):
            if isinstance(field, RecordNameField):
                linked = getattr(record, name)
                field.initial = str(linked or "")
                if linked is not None and not self._sees(linked):
                    # A field for it would tell of it or wipe it out.
                    del self.fields[name]
            elif name == "labels":
                field.initial = [label.pk for label in record.labels.all()]
            elif hasattr(record, name) and name not in ("emails", "phones", "domains"):
                field.initial = getattr(record, name)

    def differences(self) -> list[tuple[str, str, str]]:
        """Label, what the record has and what was typed, for each field where the two differ."""
        return [
            (
                str(self[name].label),
                _in_words(self.fields[name], self[name].initial),
                _in_words(self.fields[name], self.cleaned_data.get(name)),
            )
            for name in self.changed_data
            if name != "version"
        ]

    def _sees(self, linked: Any) -> bool:
        return bool(type(linked).objects.visible_to(self.user).filter(pk=linked.pk).exists())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, field in self.fields.items():
            if isinstance(field, RecordNameField) and name in data:
                current = getattr(self.record, name) if self.record is not None else None
                try:
                    data[name] = field.resolve(data[name], user=self.user, current=current)
                except ValidationError as error:
                    self.add_error(name, error)
        return data

    def values(self) -> dict[str, Any]:
        """The cleaned values, with records made of names that nobody has yet."""
        values = dict(self.cleaned_data)
        values.pop("labels", None)
        values.pop("version", None)
        values.pop("anyway", None)
        if isinstance(values.get("organization"), str):
            values["organization"] = add_organization(by=self.user, name=values["organization"])
        if isinstance(values.get("person"), str):
            values["person"] = add_person(
                by=self.user, name=values["person"], organization=values.get("organization")
            )
        return values


def _in_words(field: Any, value: Any) -> str:
    """The value of a field as its form shows it; empty for none."""
    if value in (None, "", []):
        return ""
    if isinstance(value, list | tuple | QuerySet):
        return ", ".join(_in_words(field, one) for one in value)
    if isinstance(field, forms.ModelChoiceField) and not isinstance(value, Model):
        return str(field.queryset.filter(pk=value).first() or "")
    return str(dict(getattr(field, "choices", None) or ()).get(value, value))


def possible_owners(record: Any) -> Any:
    """Everybody who is active, and who owns the record even after leaving."""
    active = User.objects.active()
    return active | User.objects.filter(pk=record.owner_id) if record is not None else active


def organization_field() -> RecordNameField:
    return RecordNameField(
        label=_("Organization"),
        model=Organization,
        adds=True,
        suggest_url="crm:organization_suggest",
    )


def person_field() -> RecordNameField:
    return RecordNameField(
        label=_("Person"), model=Person, adds=True, suggest_url="crm:person_suggest"
    )


def date_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class PersonForm(RecordForm):
    kind = "person"

    name = forms.CharField(label=_("Name"), max_length=200)
    organization = organization_field()
    emails = AddressesField(label=_("E-mail addresses"), input_type="email", required=False)
    phones = PhonesField(label=_("Phones"), input_type="tel", required=False)
    job_title = forms.CharField(label=_("Job title"), max_length=150, required=False)
    anyway = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def _prepare(self) -> None:
        if self.record is not None:
            del self.fields["anyway"]

    def _fill_from(self, record: Any) -> None:
        super()._fill_from(record)
        if "emails" in self.fields:
            self.fields["emails"].initial = [row.address for row in record.emails.all()]
            self.fields["phones"].initial = [row.number for row in record.phones.all()]

    def known(self) -> list[Any]:
        """Persons whom the user sees with one of the addresses, unless that was answered."""
        if self.record is not None or (self.is_bound and self.cleaned_data.get("anyway")):
            return []
        addresses = self.cleaned_data.get("emails") if self.is_bound else self.initial.get("emails")
        return persons_with_addresses(self.user, addresses or [])


class OrganizationForm(RecordForm):
    kind = "organization"

    name = forms.CharField(label=_("Name"), max_length=200)
    domains = SeveralField(
        label=_("Mail domains"),
        has_main=False,
        required=False,
        help_text=_("Such as acme.example. Addresses there suggest this organization."),
    )
    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def _fill_from(self, record: Any) -> None:
        super()._fill_from(record)
        if "domains" in self.fields:
            self.fields["domains"].initial = [row.domain for row in record.domains.all()]


class MoneyForm(RecordForm):
    """Deals and leads: a title, somebody, a value."""

    title = forms.CharField(label=_("Title"), max_length=200)
    person = person_field()
    organization = organization_field()
    value = forms.DecimalField(
        label=_("Value"), required=False, max_digits=15, decimal_places=2, min_value=0
    )
    currency = forms.ChoiceField(label=_("Currency"))

    def _prepare(self) -> None:
        currency = self.record.currency if self.record is not None else default_currency()
        self.fields["currency"].choices = currency_choices(currency)  # type: ignore[attr-defined]
        self.fields["currency"].initial = currency


def default_currency() -> str:
    company = Company.current()
    return company.currency if company else "EUR"


class StageField(forms.ModelChoiceField):
    """Stages with their pipeline, for a choice that spans pipelines."""

    def label_from_instance(self, obj: Any) -> str:
        parent = obj.pipeline if isinstance(obj, Stage) else obj.board
        return f"{parent} › {obj}"


def phases() -> Any:
    return Phase.objects.filter(board__archived_at__isnull=True).select_related("board")


def stages() -> Any:
    return Stage.objects.filter(pipeline__archived_at__isnull=True).select_related("pipeline")


class DealForm(MoneyForm):
    kind = "deal"

    stage = StageField(label=_("Stage"), queryset=Stage.objects.none(), empty_label=None)
    expected_close_date = date_field(_("Expected close"))

    def _prepare(self) -> None:
        super()._prepare()
        if self.record is not None:
            # A deal's stage changes on its page and on the board, with their own rules.
            del self.fields["stage"]
        else:
            choices = stages().order_by("pipeline__position", "pipeline_id", "position")
            self.fields["stage"].queryset = choices  # type: ignore[attr-defined]


class LeadForm(MoneyForm):
    kind = "lead"

    source = forms.CharField(label=_("Source"), max_length=100, required=False)


class ProjectForm(RecordForm):
    kind = "project"

    title = forms.CharField(label=_("Title"), max_length=200)
    phase = StageField(label=_("Phase"), queryset=Phase.objects.none(), empty_label=None)
    person = person_field()
    organization = organization_field()
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    start_date = date_field(_("Start"))
    end_date = date_field(_("End"))

    def _prepare(self) -> None:
        super()._prepare()
        if self.record is not None:
            del self.fields["phase"]
        else:
            choices = phases().order_by("board__position", "board_id", "position")
            self.fields["phase"].queryset = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        start, end = data.get("start_date"), data.get("end_date")
        if start and end and end < start:
            self.add_error("end_date", _("The end is before the start."))
        return data
