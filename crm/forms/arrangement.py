from typing import Any

from django import forms
from django.forms import BaseInlineFormSet, inlineformset_factory
from django.utils.translation import gettext_lazy as _

from crm.models import Board, Phase, Pipeline, RecordLabel, Stage


class AddWayForm(forms.Form):
    """A new pipeline or board."""

    name = forms.CharField(label=_("Name"), max_length=100)
    first_step = forms.CharField(label=_("First step"), max_length=100)

    def __init__(self, *args: Any, model: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model = model
        if model is Pipeline:
            self.fields["first_step"].label = _("First stage")
        else:
            self.fields["first_step"].label = _("First phase")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.model.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is one with this name already."))
        return name


class PipelineForm(forms.ModelForm):
    class Meta:
        model = Pipeline
        fields = ("name",)


class BoardForm(forms.ModelForm):
    class Meta:
        model = Board
        fields = ("name",)


class StepsFormSet(BaseInlineFormSet):
    """Rows of stages or phases; the last, empty one adds another."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["name"].required = False
        form.fields["DELETE"].label = _("Remove")
        if form.instance.pk is None:
            del form.fields["DELETE"]

    def clean(self) -> None:
        super().clean()
        for form in self.initial_forms:
            if not form.cleaned_data.get("name") and not form.cleaned_data.get("DELETE"):
                form.add_error("name", _("Give it a name, or remove it."))

    def kept(self) -> list[Any]:
        """The rows that stay, in the order they were given."""
        rows = [
            form
            for form in self.forms
            if form.cleaned_data.get("name") and not form.cleaned_data.get("DELETE")
        ]
        rows.sort(key=lambda form: form.cleaned_data.get("ORDER") or 10_000)
        for form in rows:
            setattr(form.instance, self.fk.name, self.instance)
        return [form.instance for form in rows]

    def removed(self) -> list[Any]:
        return [form.instance for form in self.initial_forms if form.cleaned_data.get("DELETE")]


StageFormSet = inlineformset_factory(
    Pipeline,
    Stage,
    formset=StepsFormSet,
    fields=("name", "probability", "rotting_days"),
    can_order=True,
    extra=1,
    max_num=30,
)
PhaseFormSet = inlineformset_factory(
    Board,
    Phase,
    formset=StepsFormSet,
    fields=("name",),
    can_order=True,
    extra=1,
    max_num=30,
)


class RecordLabelForm(forms.ModelForm):
    class Meta:
        model = RecordLabel
        fields = ("kind", "name", "hue")
        labels = {"kind": _("For")}


class ChangeLabelForm(forms.ModelForm):
    class Meta:
        model = RecordLabel
        fields = ("name", "hue")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        same = RecordLabel.objects.filter(kind=self.instance.kind, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("There is one with this name already."))
        return name
